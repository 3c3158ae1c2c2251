import type { Command } from "commander";
import { number } from "../alerting/words.ts";
import type { Config } from "../model/settings.ts";
import { action, jsonOption, newCommand, note, withConnection, type Cli } from "./command.ts";
import type { Connection } from "./connection.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { askItems } from "./request.ts";
import { chooseModel, loadSettings } from "./settings.ts";
import { formatTable } from "./table.ts";
import { countOf, jsonLines, NOTHING, numberOrNothing, printableLines, timeText } from "./text.ts";

type FeatureItem = { readonly feature?: string; readonly name?: string; readonly subject?: string; readonly kind?: string; readonly bins?: number | readonly unknown[]; readonly low?: number | null; readonly high?: number | null; readonly range?: readonly [number, number] | null };

type BaselineItem = {
  readonly model: string;
  readonly name: string;
  readonly kind?: string;
  readonly version?: string | null;
  readonly source?: string | null;
  readonly digest?: string | null;
  readonly rows?: number | null;
  readonly labelled?: number | null;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly first_time?: string | null;
  readonly last_time?: string | null;
  readonly features?: readonly FeatureItem[] | null;
};

type BaselineOptions = { readonly model?: string; readonly json?: boolean };

export function baselineCommand(cli: Cli) {
  const list = newCommand("list", "the baselines that are known, with their rows and time span", ["baseline list --model flight-delay"])
    .option("-m, --model <name>", "of one model only")
    .addOption(jsonOption())
    .action(action<BaselineOptions>(cli, (options) => run(cli.io, options, (connection) => listBaselines(cli.io, connection, options))));
  const show = newCommand("show", "one baseline and its features", ["baseline show training --model flight-delay"])
    .argument("<name>", "its name in the configuration")
    .option("-m, --model <name>", "of one model only")
    .addOption(jsonOption())
    .action(async (name: string, _: unknown, command: Command) => {
      const options: BaselineOptions = command.optsWithGlobals();
      cli.finish(await run(cli.io, options, (connection) => showBaseline(cli.io, connection, name, options)));
    });
  const create = newCommand("create", "load the files that the configuration names as baselines, now", ["baseline create --model flight-delay"])
    .option("-m, --model <name>", "show those of one model only")
    .addOption(jsonOption())
    .action(action<BaselineOptions>(cli, (options) => run(cli.io, options, (connection, config) => createBaselines(cli.io, connection, config, options))));
  return newCommand("baseline", "what windows are compared with", ["baseline list"]).addCommand(create).addCommand(list).addCommand(show);
}

function run(io: Io, options: BaselineOptions & { config?: string }, use: (connection: Connection, config: Config) => Promise<number>): Promise<number> {
  const { config } = loadSettings(io, options.config);
  if (options.model !== undefined) chooseModel(config, options.model);
  return withConnection(io, config, (connection) => use(connection, config));
}

/** Opening the store loads what the files hold and the store does not; a daemon did so when it started. */
async function createBaselines(io: Io, connection: Connection, config: Config, options: BaselineOptions): Promise<number> {
  const files = [...config.models.values()].filter(({ name }) => options.model === undefined || name === options.model).flatMap(({ baselines }) => baselines.filter(({ kind }) => kind === "file"));
  if (files.length === 0) note(io, "No file baseline is configured.\n  hint: name one under models.<model>.baselines, as in training: {file: reference.ndjson.gz}");
  if (connection.kind === "daemon") note(io, `The daemon at ${connection.where} loads baselines when it starts; restart it after the configuration or a file has changed.`);
  return listBaselines(io, connection, options);
}

export async function listBaselines(io: Io, connection: Connection, { model, json }: BaselineOptions): Promise<number> {
  const items = await fetchBaselines(connection, model);
  if (json) io.stdout.write(jsonLines(items));
  else if (items.length === 0) note(io, "No baseline is known.");
  else {
    const columns = [{ title: "model" }, { title: "name" }, { title: "version" }, { title: "rows", align: "right" as const }, { title: "labelled", align: "right" as const }, { title: "from" }, { title: "to" }, { title: "digest" }, { title: "source", flexible: true }];
    io.stdout.write(formatTable(columns, items.map((item) => [item.model, item.name, item.version || "all", countText(item.rows), countText(item.labelled), ...spanOf(item), item.digest?.slice(0, 12) ?? NOTHING, item.source ?? item.kind ?? NOTHING]), io.stdout.columns));
  }
  return 0;
}

export async function showBaseline(io: Io, connection: Connection, name: string, { model, json }: BaselineOptions): Promise<number> {
  const all = await fetchBaselines(connection, model);
  const items = all.filter((item) => item.name === name);
  if (items.length === 0) throw new CliFailure(`No baseline named ${name} is known${model === undefined ? "" : ` for ${model}`}.`, all.length > 0 ? `There are: ${[...new Set(all.map((item) => item.name))].join(", ")}.` : "Baselines stand in the configuration, under models.<model>.baselines.");
  io.stdout.write(json ? jsonLines(items) : items.map((item) => describeBaseline(item, io.stdout.columns)).join("\n"));
  return 0;
}

async function fetchBaselines(connection: Connection, model: string | undefined): Promise<BaselineItem[]> {
  const items: BaselineItem[] = [];
  for await (const item of askItems<BaselineItem>(connection, "/v1/baselines", { model })) items.push(item);
  return items;
}

function describeBaseline(item: BaselineItem, width: number | null): string {
  const [from, to] = spanOf(item);
  const facts: (readonly [string, string])[] = [
    ["model", item.model],
    ["version", item.version || "all"],
    ["rows", countText(item.rows)],
    ["labelled", countText(item.labelled)],
    ["from", from],
    ["to", to],
    ["source", item.source ?? item.kind ?? NOTHING],
    ["digest", item.digest ?? NOTHING],
  ];
  const head = printableLines([item.name, ...facts.map(([label, value]) => `  ${label.padEnd(9)} ${value}`)].join("\n"));
  if (!item.features || item.features.length === 0) return `${head}\n`;
  const columns = [{ title: "feature" }, { title: "kind" }, { title: "bins", align: "right" as const }, { title: "range" }];
  const rows = item.features.map((feature) => [feature.feature ?? feature.name ?? feature.subject ?? NOTHING, feature.kind ?? NOTHING, binsText(feature), rangeText(feature)]);
  return `${head}\n\n${countOf(rows.length, "feature")}\n${formatTable(columns, rows, width)}`;
}

function spanOf(item: BaselineItem): [string, string] {
  return [timeText(item.from ?? item.first_time), timeText(item.to ?? item.last_time)];
}

function countText(count: number | null | undefined): string {
  return count === null || count === undefined ? NOTHING : count.toLocaleString("en-US");
}

function binsText({ bins }: FeatureItem): string {
  return bins === undefined ? NOTHING : String(typeof bins === "number" ? bins : bins.length);
}

function rangeText({ low, high, range }: FeatureItem): string {
  const [from, to] = range ?? [low, high];
  return from === null || from === undefined ? NOTHING : `${number(from)} to ${numberOrNothing(to)}`;
}
