import type { Command } from "commander";
import type { ConstraintFinding } from "../model/constraint.ts";
import type { Measurement, Verdict } from "../model/measurement.ts";
import type { Metric, PerformanceMetric } from "../model/metric.ts";
import { lossAgainst } from "../model/performance.ts";
import { formatDuration, formatTime, floorTo, parseTime, type Millis, type Window } from "../model/time.ts";
import type { ModelSettings } from "../model/settings.ts";
import { benjaminiHochberg } from "../stats/benjamini-hochberg.ts";
import { named, pathSegment } from "../alerting/words.ts";
import { duration, time } from "./command.ts";
import type { Connection } from "./connection.ts";
import { CliFailure } from "./failure.ts";
import { askItems, askJson, type Params } from "./request.ts";
import type { Column } from "./table.ts";
import { jsonLines, NOTHING, printableLines } from "./text.ts";

/** A measurement as the API tells it; only what the command line reads. */
export type MeasurementItem = {
  readonly version: string;
  readonly segment: string | null;
  readonly subject: Measurement["subject"];
  readonly feature: string | null;
  readonly baseline: string | null;
  readonly metric: Metric;
  readonly from: string;
  readonly to: string;
  readonly value: number | null;
  readonly expected: number | null;
  readonly p_value: number | null;
  readonly ci: readonly [number, number] | null;
  readonly rows: { readonly reference: number; readonly current: number };
  readonly labelled: number | null;
  readonly status: Measurement["status"];
  readonly evidence: Measurement["evidence"];
  readonly detail: {
    readonly bins?: readonly { readonly bin: string; readonly reference: number; readonly current: number }[];
    readonly reference?: number;
    readonly label_coverage?: number;
    readonly labels?: { readonly final: number };
    readonly null_windows?: number;
    readonly exact?: {
      readonly value: number | null;
      readonly bracket: readonly [number, number] | null;
      readonly rows: { readonly reference: number; readonly current: number };
    };
    readonly unseen?: readonly { readonly value: string }[];
    readonly unknown?: readonly { readonly feature: string }[];
    readonly only?: string;
    readonly constraints?: readonly {
      readonly constraint: ConstraintFinding["constraint"];
      readonly values?: readonly { readonly value: string }[];
    }[];
    readonly verdict?: Pick<Verdict, "kind" | "reason" | "values">;
  };
};

export type JudgedItem = {
  readonly item: MeasurementItem;
  readonly effect: number | null;
  readonly adjusted: number | null;
  readonly significant: boolean;
};

/** Share of false alarms allowed among what is called significant. */
export const FALSE_ALARMS = 0.01;

/** How far a measurement lies on the bad side of what is usual; null without a value. */
function effectOf({ metric, value, expected, subject, detail }: MeasurementItem): number | null {
  if (value === null) return null;
  if (subject !== "performance") return value - (expected ?? 0);
  const { reference } = detail;
  if (reference === undefined) return null;
  return lossAgainst(metric as PerformanceMetric, value, reference);
}

/**
 * Both keys, as alert rules turn them: an effect above `above`, and a p-value that holds after correction for all
 * that was looked at in one window of one version against one baseline, whatever the segments.
 */
export function judgeItems(items: readonly MeasurementItem[], above: number): JudgedItem[] {
  const families = new Map<string, number[]>();
  for (const [index, item] of items.entries()) {
    if (!isTested(item)) continue;
    const family = JSON.stringify([item.version, item.baseline, item.from, item.to]);
    families.set(family, [...(families.get(family) ?? []), index]);
  }
  const adjusted = new Map<number, number>();
  for (const family of families.values()) {
    const corrected = benjaminiHochberg(family.map((index) => items[index]?.p_value ?? 1));
    for (const [position, index] of family.entries()) adjusted.set(index, corrected[position] ?? 1);
  }
  return items.map((item, index) => {
    const effect = effectOf(item);
    const pValue = adjusted.get(index) ?? null;
    return { item, effect, adjusted: pValue, significant: pValue !== null && pValue <= FALSE_ALARMS && effect !== null && effect > above };
  });
}

function isTested(item: MeasurementItem): boolean {
  return item.status === "ok" && item.p_value !== null && effectOf(item) !== null;
}

/** What moved stands first, then by size. */
export function bySignificance(a: JudgedItem, b: JudgedItem): number {
  return Number(b.significant) - Number(a.significant) || (b.effect ?? -Infinity) - (a.effect ?? -Infinity);
}

/** The options of a span, on a command. */
export function spanOptions(command: Command): Command {
  return command
    .option("--from <time>", "begin of a window to measure now; with --to", time)
    .option("--to <time>", "end of that window, itself not in it", time)
    .option("--last <duration>", "measure the last 7d (1h, 30d, …) now", duration)
    .option("--window <duration>", "of the stored windows, those of this length", duration);
}

export type Span = { readonly from?: Millis; readonly to?: Millis; readonly last?: Millis; readonly window?: Millis };

/** The window that was asked for; null for the newest stored one. */
export async function requestedWindow(connection: Connection, model: ModelSettings, span: Span, now: Millis): Promise<Window | null> {
  const { from, to, last } = span;
  if (last !== undefined) {
    if (last % model.bucket !== 0)
      throw new CliFailure(
        `--last ${formatDuration(last)} is no whole number of buckets.`,
        `${model.name} is counted in buckets of ${formatDuration(model.bucket)}.`,
        2,
      );
    const { watermark } = await askJson<{ watermark?: string | null }>(connection, modelPath(model));
    // In a replay the events are the clock: the last week ends where they do.
    const end = floorTo((watermark ? parseTime(watermark) : null) ?? now, model.bucket);
    if (last > end) throw new CliFailure(`--last ${formatDuration(last)} begins before 1970.`, "Give a shorter one.", 2);
    return { from: end - last, to: end };
  }
  return from === undefined || to === undefined ? null : { from, to };
}

/** Why there is nothing to show, as far as what was asked for tells, and what to do. */
export function nothingWords(
  what: string,
  model: ModelSettings,
  asked: Readonly<Record<string, string | undefined>>,
  isOnTheSpot: boolean,
): string {
  const place = `${what} of ${model.name}${isOnTheSpot ? " in this window" : " yet"}`;
  const { baseline } = asked;
  if (baseline !== undefined && !model.baselines.some(({ name }) => name === baseline))
    return printableLines(
      `${model.name} has no baseline ${named(baseline)}. It has: ${model.baselines.map(({ name }) => name).join(", ") || "none"}.`,
    );
  const limits = Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${named(value)}`]));
  if (limits.length === 0) return `${place}. Send events, or \`driftwatch ingest\` them; windows are measured as they close.`;
  return printableLines(
    `${place} for ${limits.join(", ")}. ${
      isOnTheSpot
        ? "Leave some of that out to see what there is."
        : "Windows are measured as they close, for what rules name: --last 7d measures others now; or leave some of that out to see what there is."
    }`,
  );
}

/** One window, measured on the spot. The answer comes whole. */
export async function computed(connection: Connection, path: string, params: Params, { from, to }: Window): Promise<MeasurementItem[]> {
  const { items } = await askJson<{ items: MeasurementItem[] }>(connection, path, {
    ...params,
    from: formatTime(from),
    to: formatTime(to),
    compute: "true",
  });
  return items;
}

/** Refuses spans that contradict themselves, before anything is opened. */
export function checkSpan({ from, to, last, window }: Span): void {
  if ((from === undefined) !== (to === undefined))
    throw new CliFailure("--from and --to belong together.", "Give both, or neither for the newest stored window, or --last 7d.", 2);
  if (from !== undefined && last !== undefined)
    throw new CliFailure("--last and --from contradict each other.", "Give --from and --to, or --last.", 2);
  if (from !== undefined && to !== undefined && from >= to)
    throw new CliFailure("--from lies not before --to.", "A window begins with --from, and ends before --to.", 2);
  if (window !== undefined && (from !== undefined || last !== undefined))
    throw new CliFailure("--window chooses among stored windows.", "Leave it out: --from and --to (or --last) are the window.", 2);
}

export function modelPath(model: ModelSettings): string {
  return `/v1/models/${pathSegment(model.name)}`;
}

/**
 * What is `shown` of the newest stored window that holds something `wanted`, the shortest of those that end together. The API lists the
 * newest first.
 */
export async function newestStored(
  connection: Connection,
  path: string,
  params: Params,
  wanted: (item: MeasurementItem) => boolean,
  shown = wanted,
): Promise<MeasurementItem[]> {
  let found: MeasurementItem[] = [];
  for await (const item of askItems<MeasurementItem>(connection, path, params)) {
    if (found[0] && found[0].to !== item.to) {
      if (found.some(wanted)) break;
      found = [];
    }
    found.push(item);
  }
  const lengths = found.filter(wanted).map(lengthOf);
  const shortest = Math.min(...lengths);
  return found.filter((item) => shown(item) && lengthOf(item) === shortest);
}

export function lengthOf({ from, to }: Pick<MeasurementItem, "from" | "to">): Millis {
  return (parseTime(to) ?? 0) - (parseTime(from) ?? 0);
}

/** As JSON lines, each with what was made of it. */
export function judgedLines(judged: readonly JudgedItem[]): string {
  return jsonLines(judged.map(({ item, adjusted, significant }) => ({ ...item, adjusted_p_value: adjusted, significant })));
}

/** What all of these have in common, in words, and the columns they differ in. */
export function commonGround(items: readonly MeasurementItem[]): {
  readonly words: readonly string[];
  readonly columns: readonly Column[];
  readonly cells: (item: MeasurementItem) => readonly string[];
} {
  const versions = new Set(items.map((item) => item.version));
  const segments = new Set(items.map((item) => item.segment));
  const baselines = new Set(items.map((item) => item.baseline));
  const [version] = versions;
  const [segment] = segments;
  const [baseline] = baselines;
  const words: string[] = [];
  if (segments.size === 1 && segment) words.push(`segment ${segment}`);
  if (versions.size === 1 && version !== undefined) words.push(`version ${version}`);
  if (baselines.size === 1 && baseline) words.push(`against ${baseline}`);
  const differ = [
    ...(versions.size > 1 ? [{ title: "version", cell: (item: MeasurementItem) => item.version }] : []),
    ...(segments.size > 1 ? [{ title: "segment", cell: (item: MeasurementItem) => item.segment ?? NOTHING }] : []),
    ...(baselines.size > 1 ? [{ title: "baseline", cell: (item: MeasurementItem) => item.baseline ?? NOTHING }] : []),
  ];
  return { words, columns: differ.map(({ title }) => ({ title })), cells: (item) => differ.map(({ cell }) => cell(item)) };
}
