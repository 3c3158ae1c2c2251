import type { Measurement } from "../model/measurement.ts";

/** What a measurement is of: two that share it are revisions of one. */
export function identity(measurement: Measurement): string {
  const { version, segment, subject, feature, baseline, metric, from, to } = measurement;
  return JSON.stringify([version, segment, subject, feature, baseline, metric, from, to]);
}

/** Whether two measurements of one thing say the same, revision aside. */
export function sameAnswer(a: Measurement, b: Measurement): boolean {
  const said = ({ value, expected, pValue, ci, rows, labelled, status, evidence, detail }: Measurement) =>
    JSON.stringify([value, expected, pValue, ci, rows.reference, rows.current, labelled, status, evidence, sorted(detail)]);
  return said(a) === said(b);
}

function sorted(value: object): [string, unknown][] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}
