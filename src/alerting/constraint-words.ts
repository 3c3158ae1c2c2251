import type { ConstraintFinding } from "../model/constraint.ts";
import { number, percent, rows, valuesInRows } from "./words.ts";

/** What is wrong with a feature by its constraints, in a sentence without its end; the worst of them. */
export function brokenWords(subject: string, findings: readonly ConstraintFinding[]): string {
  const [worst] = findings;
  return worst === undefined ? `${subject} breaks what was said of it` : KIND_WORDS[worst.constraint](subject, worst);
}

const share = ({ broken, rows: all }: ConstraintFinding): string => percent(broken / all);
const allowed = ({ limit }: ConstraintFinding): string => (limit === 0 ? "where none may" : `where ${percent(limit)} may`);

const KIND_WORDS: Readonly<Record<ConstraintFinding["constraint"], (subject: string, finding: ConstraintFinding) => string>> = {
  presence: (subject) => `${subject} is required, and no row holds it`,
  missing: (subject, finding) => `${subject} is missing in ${share(finding)} of rows, ${allowed(finding)} be`,
  type: (subject, finding) =>
    `${share(finding)} of the values of ${subject} are of another type than it has to have, ${allowed(finding)} be${strangers(finding)}`,
  range: (subject, finding) =>
    `${share(finding)} of the values of ${subject} lie outside ${rangeOf(finding)}, ${allowed(finding)}: ${sides(finding)}`,
  values: (subject, finding) =>
    `${share(finding)} of the values of ${subject} are none of those there may be, ${allowed(finding)} be${strangers(finding)}`,
  distinct: (subject, { distinct = 0, atMost = 0 }) => `${subject} holds ${distinct} different values, where ${atMost} may be`,
};

function rangeOf({ min, max }: ConstraintFinding): string {
  if (min === undefined) return `what is at most ${number(max ?? 0)}`;
  return max === undefined ? `what is at least ${number(min)}` : `${number(min)} to ${number(max)}`;
}

function sides({ below = 0, above = 0, low, high }: ConstraintFinding): string {
  const parts = [
    ...(below === 0 ? [] : [`${rows(below)} below${low === undefined ? "" : `, down to ${number(low)}`}`]),
    ...(above === 0 ? [] : [`${rows(above)} above${high === undefined ? "" : `, up to ${number(high)}`}`]),
  ];
  return parts.length === 0 ? "none" : parts.join(", and ");
}

function strangers({ values = [] }: ConstraintFinding): string {
  return values.length === 0 ? "" : `: ${valuesInRows(values)}`;
}
