import type { Measurement } from "../model/measurement.ts";
import { metricWords } from "./metric-words.ts";
import { capitalise, named } from "./words.ts";

/** What was measured, inside a sentence: a feature by its name, the whole model by the metric. */
export function subjectWords(measurement: Measurement): string {
  const where = inSegment(measurement);
  if (measurement.subject === "performance" || measurement.subject === "traffic") return `${metricWords(measurement.metric)}${where}`;
  return `${measurement.feature === null ? `the ${measurement.subject}` : named(measurement.feature)}${where}`;
}

/** The subject at the head of a sentence. A feature keeps its own small letter: it is a name. */
export function headWords(measurement: Measurement): string {
  const words = subjectWords(measurement);
  return measurement.feature === null ? capitalise(words) : words;
}

/** Which rows, where it is not all of them. */
export function inSegment({ segment }: Pick<Measurement, "segment">): string {
  return segment === null ? "" : ` in segment ${named(segment)}`;
}

/** The feature behind an alert's subject, as a name in a sentence. */
export function featureName(subject: string): string {
  return named(subject.replace(/^feature:/, ""));
}
