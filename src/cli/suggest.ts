import { writeFileSync } from "node:fs";
import { Document, isCollection, type Node } from "yaml";
import { number, printable } from "../alerting/words.ts";
import type { SuggestedItem } from "../api/constraint-json.ts";
import { action, jsonOption, modelOption, newCommand, note, withModel, type Cli, type Global } from "./command.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { modelPath } from "./measurements.ts";
import { askJson } from "./request.ts";
import { countOf, safeJson } from "./text.ts";

type SuggestOptions = { readonly model?: string; readonly baseline?: string; readonly output?: string; readonly json?: boolean };

type Facts = SuggestedItem["features"][number]["facts"][number];

/** What a baseline suggests of the features, to be edited and named in the configuration. */
export function suggestCommand(cli: Cli) {
  return newCommand("suggest", "constraints on features that a baseline suggests, as YAML to edit", [
    "baseline suggest --model flight-delay --baseline training --output constraints.yaml",
  ])
    .addOption(modelOption())
    .option("--baseline <name>", "the baseline (default: the first that has rows of its own)")
    .option("--output <file>", "a new file to write it to, instead of the terminal")
    .addOption(jsonOption("JSON instead of YAML"))
    .action(action(cli, (options: SuggestOptions & Global) => suggest(cli.io, options)));
}

async function suggest(io: Io, options: SuggestOptions & Global): Promise<number> {
  const suggested = await withModel(io, options, (connection, model) =>
    askJson<SuggestedItem>(connection, `${modelPath(model)}/constraints/suggested`, { baseline: options.baseline }),
  );
  const text = options.json ? `${safeJson(suggested, 2)}\n` : suggestionYaml(suggested);
  if (options.output === undefined) {
    io.stdout.write(text);
    return 0;
  }
  try {
    // What somebody has edited is never written over.
    writeFileSync(options.output, text, { flag: "wx" });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new CliFailure(
      exists ? `${options.output} exists already, and may have been edited.` : `${options.output} cannot be written.`,
      exists ? "Choose another name and compare the two, or remove it." : "Choose a file in a directory that exists and may be written to.",
      2,
    );
  }
  note(
    io,
    `Constraints on ${countOf(suggested.features.length, "feature")}. Read and edit them, then name the file under models.${suggested.model}, as in\n  constraints: ${options.output}`,
  );
  return 0;
}

/** A key that YAML and a configuration take for something else. */
const NO_KEY: readonly string[] = ["", "__proto__"];

/** The suggestion as a file of constraints, or as the lines that go below a model. Names and texts from events are quoted by the YAML library. */
export function suggestionYaml({ model, baseline, sources, features }: SuggestedItem): string {
  const keyed = features.filter(({ feature }) => !NO_KEY.includes(feature));
  const constraints = new Map(keyed.map(({ feature, constraint }) => [feature, plain(constraint)]));
  const document = new Document(new Map([["constraints", constraints]]), { aliasDuplicateObjects: false });
  document.commentBefore = comment([
    `What baseline ${baseline} suggests of ${model}: edit what you know better.`,
    ...sources.map(
      ({ version, source, rows, from, to }) =>
        `${version === null ? "" : `${version}: `}${source}, ${countOf(rows, "row")}, ${from} to ${to}`,
    ),
    "missing: 1.5 times the most that was missing on a day, or what its rows leave open at 99.9 %; the share of rows that may hold nothing",
    "range: as far beyond each end of what was seen as that lies beyond the outermost tenth of the values",
    "values: every text there was; distinct: an estimate of how many there are, times 1.5",
    ...(keyed.length < features.length ? ["A feature without a name, or called __proto__, has no key and is left out."] : []),
  ]);
  for (const { feature, constraint, facts } of keyed) {
    const node = document.getIn(["constraints", feature], true) as Node;
    node.commentBefore = comment(facts.map((one, index) => `${labelOf(sources, index)}${factText(one)}`));
    for (const part of Object.keys(constraint)) {
      const inner = document.getIn(["constraints", feature, part], true);
      if (isCollection(inner)) inner.flow = true;
    }
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Values as they are read back: a `${…}` in them is text, and no variable of the environment. Keys are this program's own. */
function plain(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(/\$\{[^}]*\}/g, (found) => `$${found}`);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => ` ${printable(line, 500)}`).join("\n");
}

function labelOf(sources: SuggestedItem["sources"], index: number): string {
  const version = sources.length > 1 ? sources[index]?.version : null;
  return version == null ? "" : `${version}: `;
}

function factText({ rows, missing, another_type: anotherType, days, low, high, distinct, once }: Facts): string {
  return [
    `${countOf(rows, "row")} on ${countOf(days, "day")}`,
    `${missing.toLocaleString("en-US")} missing`,
    ...(anotherType === 0 ? [] : [`${anotherType.toLocaleString("en-US")} of another type`]),
    ...(low === undefined || high === undefined ? [] : [`from ${number(low)} to ${number(high)}`]),
    ...(distinct === undefined ? [] : [`${countOf(distinct, "text")}${once === undefined || once === 0 ? "" : `, ${once} of them once`}`]),
  ].join(", ");
}
