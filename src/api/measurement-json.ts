import * as z from "zod";
import { SUBJECTS, type Measurement } from "../model/measurement.ts";
import { formatTime } from "../model/time.ts";
import { detailJson } from "../model/wire.ts";
import { count, detail, evidence, interval, metric, moment, rows } from "./json.ts";

export const MEASUREMENT_STATUSES = ["ok", "insufficient", "no_data", "labels_pending", "error"] as const;

export const measurement = z
  .strictObject({
    model: z.string(),
    version: z.string(),
    segment: z.string().nullable(),
    subject: z.enum(SUBJECTS),
    feature: z.string().nullable(),
    baseline: z.string().nullable(),
    metric,
    from: moment,
    to: moment,
    value: z.number().nullable(),
    expected: z.number().nullable().meta({ description: "The value to be expected from no drift at these sizes." }),
    p_value: z.number().nullable(),
    ci: interval.nullable(),
    rows,
    labelled: count.nullable(),
    status: z.enum(MEASUREMENT_STATUSES),
    evidence: evidence.nullable(),
    revision: count,
    detail,
  })
  .meta({ id: "Measurement" });

export function measurementJson(m: Measurement) {
  return {
    model: m.model,
    version: m.version,
    segment: m.segment,
    subject: m.subject,
    feature: m.feature,
    baseline: m.baseline,
    metric: m.metric,
    from: formatTime(m.from),
    to: formatTime(m.to),
    value: m.value,
    expected: m.expected,
    p_value: m.pValue,
    ci: m.ci,
    rows: m.rows,
    labelled: m.labelled,
    status: m.status,
    evidence: m.evidence,
    revision: m.revision,
    detail: detailJson(m.detail),
  };
}
