import { isOfWholeModel, metricFamily, type Metric } from "../model/metric.ts";
import type { Level, RuleClear, RuleFire } from "../model/rule.ts";
import { SEVERITIES } from "../model/rule.ts";
import { formatDuration } from "../model/time.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import { readThresholds } from "./read-thresholds.ts";
import type { ParsedCondition, ParsedRule } from "./rules-schema.ts";

type Measure = ParsedRule["measure"];
type Condition = Level["fire"];

const KINDS = ["above", "drop", "value", "change"] as const;

/** At what a rule fires; undefined when something is wrong with it. */
export function readFire(document: Document, path: Path, { measure, fire }: ParsedRule): RuleFire | undefined {
  const { false_alarms: falseAlarms, confidence } = fire;
  if (falseAlarms !== undefined && confidence !== undefined) {
    document.report(
      [...path, "fire", "confidence"],
      "one of `false_alarms` and `confidence`, not both",
      "confidence 0.99 is false_alarms 0.01",
    );
  }
  if (KINDS.filter((kind) => fire[kind] !== undefined).length !== 1) {
    document.report(
      [...path, "fire"],
      "expected exactly one of `above`, `drop`, `value` and `change`",
      "`above` for drift and quality, `drop` for performance; `value` for a limit of its own, `change` against the same measured earlier",
    );
    return undefined;
  }
  const condition = readCondition(document, [...path, "fire"], measure, fire);
  // 1 - 0.99 is 0.010000000000000009: nobody wants to read that back.
  const missed = confidence === undefined ? undefined : Number((1 - confidence).toPrecision(12));
  return condition && { ...condition, falseAlarms: falseAlarms ?? missed ?? 0.01 };
}

function readCondition(document: Document, path: Path, measure: Measure, written: ParsedCondition): Condition | undefined {
  const { above, drop } = written;
  const isPerformance = measure.metric !== "drift" && metricFamily(measure.metric) === "performance";
  if (isPerformance && above !== undefined) {
    document.report(
      [...path, "above"],
      `${measure.metric} is judged by its loss against the baseline`,
      "write `drop`, as in fire: {drop: 0.03, confidence: 0.99}; `value` for a limit of its own",
    );
    return undefined;
  }
  if (!isPerformance && drop !== undefined) {
    document.report([...path, "drop"], "only performance can drop", "write `above`, as in fire: {above: 0.1, false_alarms: 0.01}");
    return undefined;
  }
  const thresholds = above === undefined ? new Map<Metric, number>() : readThresholds(document, [...path, "above"], measure, above);
  const limit = readLimit(document, path, measure, written);
  const change = readChange(document, path, measure, written);
  const share = readShare(document, path, measure, written);
  if (!thresholds || limit === null || change === null || share === null) return undefined;
  return {
    above: thresholds,
    drop: drop ?? null,
    ...(limit === undefined ? {} : { limit }),
    ...(change === undefined ? {} : { change }),
    ...(share === undefined ? {} : { share }),
  };
}

/** One of these at a time, since each has its own kind of number; undefined where it is not asked for, null where it is wrong. */
function readLimit(document: Document, path: Path, measure: Measure, { value }: ParsedCondition): RuleFire["limit"] | null {
  if (value === undefined) return undefined;
  if ((value.above === undefined) === (value.below === undefined)) {
    document.report([...path, "value"], "expected one of `above` and `below`", "as in value: {below: 0.8}");
    return null;
  }
  if (!isOneMetric(document, [...path, "value"], measure)) return null;
  return value.above === undefined ? { side: "below", value: value.below as number } : { side: "above", value: value.above };
}

function readChange(document: Document, path: Path, measure: Measure, { change }: ParsedCondition): RuleFire["change"] | null {
  if (change === undefined) return undefined;
  const directions = (["up", "down", "either"] as const).filter((one) => change[one] !== undefined);
  const [direction] = directions;
  if (direction === undefined || directions.length > 1) {
    document.report([...path, "change"], "expected one of `up`, `down` and `either`", "as in change: {down: 0.05, over: 7d}");
    return null;
  }
  if (!isOneMetric(document, [...path, "change"], measure)) return null;
  const over = change.over ?? measure.window;
  const every = measure.every ?? measure.window;
  if (over < measure.window || over % every !== 0) {
    document.report(
      [...path, "change", "over"],
      `no window of this rule ends ${formatDuration(over)} before another without sharing rows with it`,
      `at least its window, ${formatDuration(measure.window)}, and a multiple of its step`,
    );
    return null;
  }
  return { direction, by: change[direction] as number, over };
}

function isOneMetric(document: Document, path: Path, { metric }: Measure): boolean {
  if (metric !== "drift") return true;
  document.report(
    path,
    "`drift` is two metrics, of numbers and of categories",
    "name one of them as measure.metric, such as wasserstein or psi",
  );
  return false;
}

function readShare(document: Document, path: Path, measure: Measure, { share }: ParsedCondition): RuleFire["share"] | null {
  if (share === undefined) return undefined;
  if (measure.metric !== "drift" && isOfWholeModel(measure.metric)) {
    document.report([...path, "share"], `${measure.metric} is of the model as a whole`, "remove `share`: it is for rules on features");
    return null;
  }
  if (measure.of !== undefined && measure.of !== "features" && measure.of.length < 2) {
    document.report([...path, "share"], "a share is of several features", "measure several, or remove `share`");
    return null;
  }
  if (typeof share === "number") return { above: share, weights: new Map(), wholeAt: 1 };
  return { above: share.above, weights: new Map(Object.entries(share.weights)), wholeAt: share.whole_at };
}

/** What is worse than what the rule fires at, and how bad it is then, mildest first; undefined when something is wrong. */
export function readLevels(
  document: Document,
  path: Path,
  { measure, severity, levels = {} }: ParsedRule,
  fire: RuleFire,
): Level[] | undefined {
  const read: Level[] = [];
  const [kind] = kindsOf(fire);
  for (const name of SEVERITIES) {
    const written = levels[name];
    if (written === undefined) continue;
    const at = [...path, "levels", name];
    const level = readLevel(document, at, measure, written, fire);
    if (level === undefined) return undefined;
    if (SEVERITIES.indexOf(name) <= SEVERITIES.indexOf(severity)) {
      document.report(at, `${name} is no worse than the rule's own severity, ${severity}`, "levels are for what is worse");
      return undefined;
    }
    if (kindsOf(level)[0] !== kind || !isWorse(level, fire)) {
      document.report(
        at,
        "a level asks for more of what the rule fires by",
        `write ${kind ?? "above"} with a larger number than in \`fire\``,
      );
      return undefined;
    }
    read.push({ severity: name, fire: level });
  }
  return read;
}

function readLevel(document: Document, path: Path, measure: Measure, written: ParsedCondition, fire: RuleFire): Condition | undefined {
  // Over how long a change is measured is the rule's own.
  const over =
    fire.change && written.change && written.change.over === undefined ? { change: { ...written.change, over: fire.change.over } } : {};
  const above =
    typeof written.above === "object"
      ? readThresholds(document, [...path, "above"], { ...measure, partly: true }, written.above)
      : undefined;
  if (typeof written.above === "object") return above && { above, drop: null };
  return readCondition(document, path, measure, { ...written, ...over });
}

function kindsOf({ above, drop, limit, change, share }: Condition): string[] {
  return [
    ...(share === undefined ? [] : ["share"]),
    ...(limit === undefined ? [] : ["value"]),
    ...(change === undefined ? [] : ["change"]),
    ...(drop === null ? [] : ["drop"]),
    ...(above.size === 0 ? [] : ["above"]),
  ];
}

function isWorse(level: Condition, fire: RuleFire): boolean {
  if (level.share && fire.share) return level.share.above > fire.share.above;
  if (level.limit && fire.limit)
    return level.limit.side === fire.limit.side && (fire.limit.side === "above" ? 1 : -1) * (level.limit.value - fire.limit.value) > 0;
  if (level.change && fire.change) return level.change.direction === fire.change.direction && level.change.by > fire.change.by;
  if (level.drop !== null && fire.drop !== null) return level.drop > fire.drop;
  return [...level.above].every(([metric, value]) => value > (fire.above.get(metric) ?? Infinity));
}

/** At what an alert of a rule is over; undefined when something is wrong with it. */
export function readClear(document: Document, path: Path, { measure, clear }: ParsedRule, fire: RuleFire): RuleClear | undefined {
  const clearPath = [...path, "clear"];
  const [kind = "above"] = kindsOf(fire);
  const own = kind === "above" ? "below" : kind;
  for (const other of ["below", "drop", "value", "change", "share"] as const) {
    if (other === own || clear[other] === undefined) continue;
    document.report([...clearPath, other], `the rule fires by \`${kind}\`, so it clears by \`${own}\``, `write clear: {${own}: …}`);
    return undefined;
  }
  const below = new Map([...fire.above].map(([metric, value]) => [metric, value / 2]));
  if (clear.below !== undefined) {
    const written = readThresholds(document, [...clearPath, "below"], { ...measure, partly: true }, clear.below);
    if (!written) return undefined;
    for (const [metric, value] of written) {
      const fires = fire.above.get(metric);
      if (fires === undefined)
        document.report([...clearPath, "below", metric], `the rule does not fire by ${metric}`, "remove it, or add it to fire.above");
      else if (value > fires)
        document.report(
          [...clearPath, "below"],
          `${metric} clears below ${value} while it fires above ${fires}`,
          "a rule must clear at or below the value it fires at",
        );
      else below.set(metric, value);
    }
  }
  const bound = fire.share?.above ?? fire.change?.by ?? fire.drop;
  const least = clear.share ?? clear.change ?? clear.drop;
  if (least !== undefined && bound !== null && least > bound) {
    document.report(
      [...clearPath, own],
      `clears at a ${own} of ${least} while it fires at ${bound}`,
      `a rule must clear at or below the ${own} it fires at`,
    );
  }
  if (clear.value !== undefined && fire.limit && (fire.limit.side === "above" ? 1 : -1) * (clear.value - fire.limit.value) > 0) {
    document.report(
      [...clearPath, "value"],
      `clears at ${clear.value} while it fires ${fire.limit.side} ${fire.limit.value}`,
      "a rule must clear on the good side of its limit",
    );
  }
  if (clear.p_value < fire.falseAlarms) {
    document.report(
      [...clearPath, "p_value"],
      "evidence would be gone while it still fires",
      `write at least ${fire.falseAlarms}; the default is 0.2`,
    );
  }
  const ofOwnKind = clear.share ?? clear.change;
  return {
    below,
    drop: fire.drop === null ? null : (clear.drop ?? fire.drop / 2),
    pValue: clear.p_value,
    evaluations: clear.for,
    ...(clear.value === undefined ? {} : { limit: clear.value }),
    ...(ofOwnKind === undefined ? {} : { least: ofOwnKind }),
  };
}
