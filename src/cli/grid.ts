import { percent } from "../alerting/words.ts";
import { formatTime, type Millis } from "../model/time.ts";
import { action, jsonOption, modelOption, newCommand, note, time, withModel, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "./io.ts";
import { modelPath } from "./measurements.ts";
import { ask, askJson, pathWith } from "./request.ts";
import { figure, formatTable } from "./table.ts";
import { jsonLines, NOTHING, safeJson, timeText } from "./text.ts";

type GridOptions = { readonly model?: string; readonly from?: Millis; readonly to?: Millis; readonly json?: boolean };

type FitItem = {
  readonly grid: number | null;
  readonly stale: boolean;
  readonly from: string | null;
  readonly to: string | null;
  readonly subjects: readonly {
    readonly subject: string;
    readonly feature: string | null;
    readonly kind: string;
    readonly provisional: boolean;
    readonly rows: number;
    readonly outside: number | null;
    readonly outside_baselines: number | null;
    readonly stale: boolean;
  }[];
};

/** Whether the bins that everything is counted on still fit what comes in. */
export function fitCommand(cli: Cli) {
  return stretchOptions(
    newCommand("fit", "whether the bins made from the baselines still fit what comes in", ["baseline fit --model flight-delay"]),
    "7 days",
  )
    .addOption(jsonOption())
    .action(action(cli, (options: GridOptions & Global) => run(cli.io, options, showFit)));
}

/** New bins, for when they do not. */
export function rebuildCommand(cli: Cli) {
  return stretchOptions(
    newCommand("rebuild", "new bins from the baselines and live rows; all history is counted and measured on them again", [
      "baseline rebuild --model flight-delay --from 2013-06-01",
    ]),
    "28 days",
  )
    .addOption(jsonOption())
    .action(action(cli, (options: GridOptions & Global) => run(cli.io, options, rebuild)));
}

function stretchOptions(command: ReturnType<typeof newCommand>, usual: string) {
  return command
    .addOption(modelOption())
    .option("--from <time>", `begin of the live rows (default: ${usual} before the end)`, time)
    .option("--to <time>", "their end (default: the watermark)", time);
}

type Use = (io: Io, connection: Connection, path: string, options: GridOptions) => Promise<number>;

function run(io: Io, options: GridOptions & Global, use: Use): Promise<number> {
  return withModel(io, options, (connection, model) => use(io, connection, `${modelPath(model)}/grid`, options));
}

const stretchOf = ({ from, to }: GridOptions) => ({
  from: from === undefined ? undefined : formatTime(from),
  to: to === undefined ? undefined : formatTime(to),
});

const showFit: Use = async (io, connection, path, options) => {
  const fit = await askJson<FitItem>(connection, path, stretchOf(options));
  if (options.json) {
    io.stdout.write(jsonLines(fit.subjects));
    return 0;
  }
  if (fit.grid === null) {
    note(io, "There are no bins yet: they are made from a file baseline, or from the first 1,000 rows.");
    return 0;
  }
  const columns = [
    { title: "feature", flexible: true },
    { title: "kind" },
    figure("rows"),
    figure("outside"),
    figure("baselines"),
    { title: "fits" },
  ];
  const rows = fit.subjects.map((one) => [
    one.feature ?? one.subject,
    one.provisional ? `${one.kind}, provisional` : one.kind,
    one.rows.toLocaleString("en-US"),
    shareText(one.outside),
    shareText(one.outside_baselines),
    one.stale ? "no" : "yes",
  ]);
  io.stdout.write(formatTable(columns, rows, io.stdout.columns));
  note(io, `Bins ${fit.grid}, live rows from ${timeText(fit.from)} to ${timeText(fit.to)}.`);
  if (fit.stale) note(io, "Some do not fit: `driftwatch baseline rebuild` makes new ones that do.");
  return 0;
};

const rebuild: Use = async (io, connection, path, options) => {
  const answer = await ask(connection, pathWith(path, stretchOf(options)), { method: "POST" });
  const made = (await answer.json()) as { model: string; grid: number; from: string; to: string };
  io.stdout.write(
    options.json
      ? `${safeJson(made)}\n`
      : `New bins: ${made.grid}, from the baselines and live rows of ${timeText(made.from)} to ${timeText(made.to)}.\n`,
  );
  note(
    io,
    connection.kind === "daemon"
      ? "The daemon counts and measures everything on them now; until then what was measured before stands."
      : "The daemon counts and measures everything on them when it runs next.",
  );
  return 0;
};

function shareText(share: number | null): string {
  return share === null ? NOTHING : percent(share);
}
