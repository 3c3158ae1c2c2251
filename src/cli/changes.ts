import { named, number, percent } from "../alerting/words.ts";
import type { ChangesItem } from "../api/changes.ts";
import type { ModelSettings } from "../model/settings.ts";
import { formatDuration } from "../model/time.ts";
import { action, duration, jsonOption, modelOption, newCommand, note, withModel, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "./io.ts";
import { modelPath } from "./measurements.ts";
import { askJson } from "./request.ts";
import { figure, formatTable } from "./table.ts";
import { countOf, NOTHING, printableLines, safeJson, timeText } from "./text.ts";

type ChangesOptions = { readonly model?: string; readonly version?: string; readonly step?: number; readonly json?: boolean };

const DETECTOR_NAMES: Readonly<Record<ChangesItem["found"][number]["detector"], string>> = {
  adwin: "ADWIN",
  cusum: "CUSUM",
  ewma: "EWMA",
  rate_change: "e-process",
};

export function changesCommand(cli: Cli) {
  return newCommand("changes", "when a version began to be wrong more often, or less (concept drift)", [
    "changes --model flight-delay",
    "changes --model flight-delay --version 2013-q1 --step 7d --json",
  ])
    .addOption(modelOption())
    .option("--version <version>", "a version of the model (default: the one seen last)")
    .option("--step <duration>", "take predictions together by this much time (default: 1d)", duration)
    .addOption(jsonOption("JSON instead of a table"))
    .action(action(cli, (options: ChangesOptions & Global) => changes(cli.io, options)));
}

async function changes(io: Io, options: ChangesOptions & Global): Promise<number> {
  return withModel(io, options, (connection, model) => showChanges(io, connection, model, options));
}

async function showChanges(io: Io, connection: Connection, model: ModelSettings, options: ChangesOptions): Promise<number> {
  const found = await askJson<ChangesItem>(connection, `${modelPath(model)}/changes`, {
    version: options.version,
    step: options.step === undefined ? undefined : formatDuration(options.step),
  });
  if (options.json) {
    io.stdout.write(`${safeJson(found)}\n`);
    return 0;
  }
  if (found.labelled === 0) {
    note(io, `No labels of ${named(found.version)} have had their time yet.`);
    return 0;
  }
  io.stdout.write(`${printableLines(caption(found))}\n`);
  if (found.found.length === 0) note(io, "No detector found a change.");
  else io.stdout.write(`\n${changesTable(found, io.stdout.columns)}\n${FOOTER}`);
  return 0;
}

const FOOTER =
  "since: where the change is placed; found: when it showed; held until: when it was last found again.\nADWIN takes rows as independent, so days that merely differ are changes to it; the others allow for how much steps of the baseline differ.\n";

function caption({ model, version, quantity, from, to, labelled, reference, step }: ChangesItem): string {
  const what = quantity === "error_rate" ? "share of wrong predictions" : "mean absolute error";
  const usual =
    reference === null
      ? "no labelled baseline file: ADWIN alone looks"
      : `${level(quantity, reference.mean)} in ${named(reference.baseline)}, steps of which differ by ${level(quantity, reference.between)} beyond noise`;
  return `${named(model)}, version ${named(version)}: ${what}, ${timeText(from)} to ${timeText(to)}, by ${step}; ${countOf(labelled, "label")}\n${usual}`;
}

function level(quantity: ChangesItem["quantity"], value: number): string {
  return quantity === "error_rate" ? percent(value) : number(value);
}

function changesTable({ found, quantity }: ChangesItem, width: number | null): string {
  return formatTable(
    [
      { title: "detector" },
      { title: "since" },
      { title: "found" },
      { title: "held until" },
      figure("before"),
      figure("after"),
      figure("rows"),
      { title: "" },
    ],
    found.map((one) => [
      DETECTOR_NAMES[one.detector],
      timeText(one.since),
      timeText(one.found_at),
      timeText(one.held_until),
      one.before === null ? NOTHING : level(quantity, one.before),
      level(quantity, one.after),
      one.rows.toLocaleString("en-US"),
      one.direction === "up" ? "worse" : "better",
    ]),
    width,
  );
}
