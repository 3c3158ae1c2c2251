import type { Command } from "commander";
import type { Config } from "../model/settings.ts";
import { fitCommand, rebuildCommand } from "./grid.ts";
import { action, jsonOption, newCommand, note, withConnection, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { suggestCommand } from "./suggest.ts";
import { askItems } from "./request.ts";
import { chooseModel, loadSettings } from "./settings.ts";
import { figure, formatTable, type Column } from "./table.ts";
import { jsonLines, NOTHING, printableLines, timeText } from "./text.ts";

type LoadedItem = {
  readonly version: string | null;
  readonly source: string;
  readonly digest: string;
  readonly rows: number;
  readonly labelled: number;
  readonly first_time: string;
  readonly last_time: string;
};

type BaselineItem = {
  readonly model: string;
  readonly name: string;
  readonly kind: string;
  readonly window: string | null;
  readonly offset: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly version: string | null;
  readonly season: string | null;
  readonly loaded: readonly LoadedItem[];
};

type BaselineOptions = { readonly model?: string; readonly json?: boolean };

export function baselineCommand(cli: Cli) {
  const list = newCommand("list", "the baselines that are known, with their rows and time span", ["baseline list --model flight-delay"])
    .option("-m, --model <name>", "of one model only")
    .addOption(jsonOption())
    .action(
      action(cli, (options: BaselineOptions & Global) => run(cli.io, options, (connection) => listBaselines(cli.io, connection, options))),
    );
  const show = newCommand("show", "one baseline: what it is, and what of it is loaded", ["baseline show training --model flight-delay"])
    .argument("<name>", "its name in the configuration")
    .option("-m, --model <name>", "of one model only")
    .addOption(jsonOption())
    .action(async (name: string, _: unknown, command: Command) => {
      const options: BaselineOptions = command.optsWithGlobals();
      cli.finish(await run(cli.io, options, (connection) => showBaseline(cli.io, connection, name, options)));
    });
  const create = newCommand("create", "load the files that the configuration names as baselines, now", [
    "baseline create --model flight-delay",
  ])
    .option("-m, --model <name>", "show those of one model only")
    .addOption(jsonOption())
    .action(
      action(cli, (options: BaselineOptions & Global) =>
        run(cli.io, options, (connection, config) => createBaselines(cli.io, connection, config, options)),
      ),
    );
  return newCommand("baseline", "what windows are compared with", ["baseline list"])
    .addCommand(create)
    .addCommand(list)
    .addCommand(show)
    .addCommand(suggestCommand(cli))
    .addCommand(fitCommand(cli))
    .addCommand(rebuildCommand(cli));
}

function run(
  io: Io,
  options: BaselineOptions & { config?: string },
  use: (connection: Connection, config: Config) => Promise<number>,
): Promise<number> {
  const { config } = loadSettings(io, options.config);
  if (options.model !== undefined) chooseModel(config, options.model);
  return withConnection(io, config, (connection) => use(connection, config));
}

/** Opening the store loads what the files hold and the store does not; a daemon did so when it started. */
async function createBaselines(io: Io, connection: Connection, config: Config, options: BaselineOptions): Promise<number> {
  const files = [...config.models.values()]
    .filter(({ name }) => options.model === undefined || name === options.model)
    .flatMap(({ baselines }) => baselines.filter(({ kind }) => kind === "file"));
  if (files.length === 0)
    note(
      io,
      "No file baseline is configured.\n  hint: name one under models.<model>.baselines, as in training: {file: reference.ndjson.gz}",
    );
  if (connection.kind === "daemon")
    note(io, `The daemon at ${connection.where} loads baselines when it starts; restart it after the configuration or a file has changed.`);
  return listBaselines(io, connection, options);
}

async function listBaselines(io: Io, connection: Connection, { model, json }: BaselineOptions): Promise<number> {
  const items = await fetchBaselines(connection, model);
  if (json) io.stdout.write(jsonLines(items));
  else if (items.length === 0) note(io, "No baseline is configured.");
  else io.stdout.write(formatTable(COLUMNS, items.flatMap(rowsOf), io.stdout.columns));
  return 0;
}

const COLUMNS: readonly Column[] = [
  { title: "model" },
  { title: "name" },
  { title: "version" },
  figure("rows"),
  figure("labelled"),
  { title: "from" },
  { title: "to" },
  { title: "digest" },
  { title: "what", flexible: true },
];

/** A line for each file that is loaded; other baselines are made of live rows, as windows come. */
function rowsOf(item: BaselineItem): string[][] {
  if (item.kind !== "file")
    return [
      [item.model, item.name, item.version ?? "same", NOTHING, NOTHING, timeText(item.from), timeText(item.to), NOTHING, whatText(item)],
    ];
  if (item.loaded.length === 0) return [[item.model, item.name, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, "not loaded yet"]];
  return item.loaded.map((one) => [
    item.model,
    item.name,
    one.version ?? "all",
    count(one.rows),
    count(one.labelled),
    timeText(one.first_time),
    timeText(one.last_time),
    one.digest.slice(0, 12),
    one.source,
  ]);
}

function whatText({ kind, window, offset, version, season }: BaselineItem): string {
  const hours = season ? `the same hours of the ${season} in ` : "";
  if (kind === "trailing") return `${hours}the ${window ?? ""} before${offset === null || offset === "0ms" ? "" : `, ${offset} back`}`;
  return kind === "version" ? `version ${version ?? ""} in the same window` : "a pinned period";
}

async function showBaseline(io: Io, connection: Connection, name: string, { model, json }: BaselineOptions): Promise<number> {
  const all = await fetchBaselines(connection, model);
  const items = all.filter((item) => item.name === name);
  if (items.length === 0)
    throw new CliFailure(
      `No baseline named ${name} is known${model === undefined ? "" : ` for ${model}`}.`,
      all.length > 0
        ? `There are: ${[...new Set(all.map((item) => item.name))].join(", ")}.`
        : "Baselines stand in the configuration, under models.<model>.baselines.",
    );
  io.stdout.write(json ? jsonLines(items) : items.map(describeBaseline).join("\n"));
  return 0;
}

async function fetchBaselines(connection: Connection, model: string | undefined): Promise<BaselineItem[]> {
  const items: BaselineItem[] = [];
  for await (const item of askItems<BaselineItem>(connection, "/v1/baselines", { model })) items.push(item);
  return items;
}

function describeBaseline(item: BaselineItem): string {
  const own =
    item.kind === "file"
      ? []
      : [
          ["what", whatText(item)],
          ...(item.kind === "period"
            ? [
                ["from", timeText(item.from)],
                ["to", timeText(item.to)],
              ]
            : []),
        ];
  const files = item.loaded.map((one) => [
    ["version", one.version ?? "all"],
    ["source", one.source],
    ["rows", count(one.rows)],
    ["labelled", count(one.labelled)],
    ["from", timeText(one.first_time)],
    ["to", timeText(one.last_time)],
    ["digest", one.digest],
  ]);
  const lines = [[["model", item.model], ["kind", item.kind], ...own], ...files].map((facts) =>
    facts.map(([label = "", value = ""]) => `  ${label.padEnd(9)} ${value}`).join("\n"),
  );
  return `${printableLines([item.name, lines.join("\n\n")].join("\n"))}\n`;
}

function count(rows: number): string {
  return rows.toLocaleString("en-US");
}
