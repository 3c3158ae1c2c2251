import { action, jsonOption, limitOption, newCommand, note, withConnection, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "./io.ts";
import { askItems, first } from "./request.ts";
import { chooseModel, loadSettings } from "./settings.ts";
import { formatTable } from "./table.ts";
import { jsonLines, timeText } from "./text.ts";

type RetrainItem = {
  readonly model: string;
  readonly version: string;
  readonly rule: string;
  readonly state: string;
  readonly reason: string;
  readonly at: string;
};

type RetrainOptions = { readonly model?: string; readonly limit: number; readonly json?: boolean };

export function retrainsCommand(cli: Cli) {
  return newCommand("retrains", "retraining that was asked for, and why it was started or refused", ["retrains --model flight-delay"])
    .option("-m, --model <name>", "of one model only")
    .addOption(limitOption(50))
    .addOption(jsonOption())
    .action(
      action(cli, (options: RetrainOptions & Global) => {
        const { config } = loadSettings(cli.io, options.config);
        if (options.model !== undefined) chooseModel(config, options.model);
        return withConnection(cli.io, config, (connection) => showRetrains(cli.io, connection, options));
      }),
    );
}

async function showRetrains(io: Io, connection: Connection, { model, limit, json }: RetrainOptions): Promise<number> {
  const { items, more } = await first(limit, askItems<RetrainItem>(connection, "/v1/retrains", { model }));
  if (json) io.stdout.write(jsonLines(items));
  else if (items.length === 0) note(io, "No retraining was asked for.");
  else {
    const columns = [
      { title: "at" },
      { title: "model" },
      { title: "version" },
      { title: "rule" },
      { title: "state" },
      { title: "reason", flexible: true },
    ];
    io.stdout.write(
      formatTable(
        columns,
        items.map((run) => [timeText(run.at), run.model, run.version, run.rule, run.state, run.reason]),
        io.stdout.columns,
      ),
    );
  }
  if (more) note(io, `There are more than ${limit}: --limit shows more.`);
  return 0;
}
