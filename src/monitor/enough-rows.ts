import type { Measurement, MeasurementStatus } from "../model/measurement.ts";

/** With fewer rows than this nothing is said of a window, whatever a rule asks for. */
export const LEAST_ROWS = 30;

/** Whether there are rows enough on both sides to compare, of a reference that covers all the time it should. */
export function statusOf(rows: Measurement["rows"], complete: boolean): MeasurementStatus {
  if (rows.current === 0 || (rows.reference === 0 && complete)) return "no_data";
  return rows.current < LEAST_ROWS || rows.reference < LEAST_ROWS || !complete ? "insufficient" : "ok";
}
