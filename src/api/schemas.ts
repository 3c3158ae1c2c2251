import * as z from "zod";
import { TRANSITION_REASONS } from "../model/alert.ts";
import { REJECT_REASONS } from "../model/event.ts";
import { metricAtThreshold } from "./parameters.ts";
import { DRIFT_METRICS, PERFORMANCE_METRICS, QUALITY_METRICS, SUBJECTS } from "../model/measurement.ts";
import { SEVERITIES } from "../model/rule.ts";
import { TASKS } from "../model/settings.ts";

/** What answers look like: for the OpenAPI document, and for tests that hold every answer against it. */

export const SUBJECTS_OTHER_THAN_FEATURES: readonly string[] = ["prediction", "score", "label", "performance", "traffic"];
export const MEASUREMENT_STATUSES = ["ok", "insufficient", "no_data", "labels_pending", "error"] as const;
const ALERT_STATES = ["pending", "firing", "recovering", "resolved", "normal"] as const;

const moment = z.string().meta({ format: "date-time" });
const count = z.int().min(0);
const metric = z.union([z.enum([...DRIFT_METRICS, ...QUALITY_METRICS, ...PERFORMANCE_METRICS]), metricAtThreshold]);
const rows = z.strictObject({ reference: count, current: count });
const interval = z.tuple([z.number(), z.number()]).meta({ description: "A 95 % confidence interval." });
const evidence = z.enum(["baseline_windows", "independent_rows"]).meta({
  description: "Where the p-value comes from: the baseline's own windows of this length, or a calculation that takes rows as independent.",
});
const detail = z.record(z.string(), z.unknown()).meta({
  description:
    "What stands behind the value, by kind of measurement: bins, hits, scale, range, unseen, without, unknown, schema, usual, confusion, label_coverage, labels (how ripe they are), corrected, note …; and `verdict`, whether the feed broke or the world moved, where it is more than chance",
});

export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    hint: z.string().meta({ description: "What to do about it." }),
  })
  .meta({ id: "Problem", description: "RFC 9457" });

export const ingested = z
  .strictObject({
    accepted: count.meta({ description: "Events that are stored durably." }),
    rejected: z.array(
      z.strictObject({
        index: count.meta({ description: "Position in the request, from 0." }),
        reason: z.enum(REJECT_REASONS),
        message: z.string(),
      }),
    ),
  })
  .meta({ id: "Ingested" });

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

const explanation = z
  .strictObject({
    metric,
    baseline: z.string().nullable(),
    value: z.number().nullable(),
    expected: z.number().nullable(),
    threshold: z.number(),
    p_value: z.number().nullable(),
    adjusted_p_value: z.number().nullable(),
    subjects_tested: count,
    evidence: evidence.nullable(),
    rows,
    labelled: count.nullable(),
    ci: interval.nullable(),
    detail,
    likely: z.string().nullable(),
    kind: z
      .enum(["break", "drift", "mix_shift", "concept"])
      .nullable()
      .meta({ description: "A broken feed; other values; other inputs, to which a loss is due; inputs that mean something else." }),
    alongside: z
      .array(z.strictObject({ subject: z.string(), metric, value: z.number().nullable() }))
      .meta({ description: "What else the same rule found to have moved in this window." }),
    query: z.string().nullable().meta({ description: "SQL on the public views: the same measurement over time." }),
    hints: z.array(z.string()),
    runbook: z.string().nullable().meta({ description: "What to do, where the rule says so." }),
  })
  .meta({ id: "Explanation" });

const reason = z
  .enum(TRANSITION_REASONS)
  .nullable()
  .meta({ description: "Why it changed, where it was not a window that was evaluated for the first time." });

const alertShape = {
  id: z.string(),
  rule: z.string(),
  state: z.enum(ALERT_STATES),
  health: z.enum(MEASUREMENT_STATUSES),
  severity: z.enum(SEVERITIES),
  model: z.string(),
  version: z.string(),
  segment: z.string().nullable(),
  subject: z.string(),
  features: z.array(z.string()),
  since: moment,
  from: moment,
  to: moment,
  updated_at: moment,
  reason,
  summary: z.string(),
  explanation,
  acknowledged_by: z.string().nullable().meta({ description: "Who has taken it up; nobody is told of it again until it is over." }),
  silenced_by: z.string().nullable().meta({ description: "Who has silenced it, while that holds." }),
};
export const alert = z.strictObject(alertShape).meta({ id: "Alert" });

const transition = z
  .strictObject({
    id: z.string(),
    from_state: z.enum(ALERT_STATES),
    to_state: z.enum(ALERT_STATES),
    severity: z.enum(SEVERITIES),
    from: moment,
    to: moment,
    since: moment,
    rule_hash: z.string(),
    summary: z.string(),
    explanation,
    notify: z.array(z.string()),
    retrain: z.boolean(),
    created_at: moment,
    reason,
  })
  .meta({ id: "Transition" });

const delivery = z
  .strictObject({
    notification_id: z.string(),
    channel: z.string(),
    transition_ids: z.array(z.string()),
    attempt: count,
    outcome: z.enum(["sent", "retry", "failed", "silenced"]),
    detail: z.string(),
    at: moment,
    next_attempt_at: moment.nullable(),
  })
  .meta({ id: "Delivery" });

export const alertInFull = z
  .strictObject({ ...alertShape, transitions: z.array(transition), deliveries: z.array(delivery) })
  .meta({ id: "AlertInFull" });

export const version = z
  .strictObject({ version: z.string(), rows: count, labelled: count, first_seen: moment, last_seen: moment })
  .meta({ id: "Version" });

const modelShape = {
  model: z.string(),
  task: z.enum(TASKS),
  positive: z.string().nullable(),
  bucket: z.string(),
  lateness: z.string(),
  labels_expected_within: z.string(),
  baselines: z.array(z.string()),
  watermark: moment.nullable().meta({ description: "Up to when events are taken to be complete." }),
};
export const model = z.strictObject(modelShape).meta({ id: "Model" });
export const modelInFull = z.strictObject({ ...modelShape, versions: z.array(version), alerts_firing: count }).meta({ id: "ModelInFull" });

export const baseline = z
  .strictObject({
    model: z.string(),
    name: z.string(),
    kind: z.enum(["file", "trailing", "period", "version"]),
    window: z.string().nullable(),
    offset: z.string().nullable(),
    from: moment.nullable(),
    to: moment.nullable(),
    version: z.string().nullable(),
    season: z
      .enum(["day", "week"])
      .nullable()
      .meta({ description: "What comes again: windows are held against those at the same place of it." }),
    loaded: z.array(
      z.strictObject({
        key: z.string(),
        version: z.string().nullable(),
        source: z.string(),
        digest: z.string(),
        rows: count,
        labelled: count,
        first_time: moment,
        last_time: moment,
        created_at: moment,
      }),
    ),
  })
  .meta({ id: "Baseline" });

const share = z.number().nullable();
export const grid = z
  .strictObject({
    model: z.string(),
    grid: count.nullable().meta({ description: "Grows with every new set of bins; null before there are any." }),
    stale: z.boolean(),
    from: moment.nullable(),
    to: moment.nullable(),
    subjects: z.array(
      z.strictObject({
        subject: z.enum(["feature", "prediction", "score"]),
        feature: z.string().nullable(),
        kind: z.enum(["numeric", "categorical"]),
        provisional: z.boolean().meta({ description: "Made from the first rows, for want of a baseline." }),
        rows: count,
        outside: share,
        outside_baselines: share,
        stale: z.boolean(),
      }),
    ),
  })
  .meta({ id: "Grid" });
export const rebuiltGrid = z.strictObject({ model: z.string(), grid: count, from: moment, to: moment }).meta({ id: "RebuiltGrid" });

const thresholds = z.record(z.string(), z.number());
const condition = {
  above: thresholds,
  drop: z.number().nullable(),
  value: z.strictObject({ above: z.number().optional(), below: z.number().optional() }).nullable(),
  change: z
    .strictObject({ up: z.number().optional(), down: z.number().optional(), either: z.number().optional(), over: z.string() })
    .nullable(),
  share: z.strictObject({ above: z.number(), weights: thresholds, whole_at: z.number() }).nullable(),
};
export const rule = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    models: z.array(z.string()).nullable(),
    measure: z.strictObject({
      metric: z.union([metric, z.literal("drift")]),
      of: z.union([z.literal("features"), z.array(z.string())]).nullable(),
      baseline: z.string(),
      window: z.string(),
      every: z.string(),
      segments: z.union([z.literal("each"), z.array(z.string())]).nullable(),
    }),
    fire: z.strictObject({ ...condition, false_alarms: z.number(), for: count, out_of: count.nullable() }),
    clear: z.strictObject({
      below: thresholds,
      drop: z.number().nullable(),
      value: z.number().nullable(),
      change: z.number().nullable(),
      share: z.number().nullable(),
      p_value: z.number(),
      for: count,
    }),
    at_least: z.strictObject({ rows: count, label_coverage: z.number().nullable() }),
    severity: z.enum(SEVERITIES),
    levels: z.partialRecord(z.enum(SEVERITIES), z.strictObject(condition)),
    when: z.strictObject({ days: z.array(z.string()), from: z.string(), to: z.string(), time_zone: z.string() }).nullable(),
    notify: z.array(z.string()),
    retrain: z.boolean(),
    summary: z.string().nullable(),
    runbook: z.string().nullable(),
  })
  .meta({ id: "Rule" });

export const backtest = z
  .strictObject({
    from: moment,
    to: moment,
    courses: z.array(
      z.strictObject({
        rule: z.string(),
        model: z.string(),
        which: z.enum(["old", "new"]).meta({ description: "As it is configured, or as it is proposed." }),
        windows: count.meta({ description: "Windows it looked at." }),
        blind: count.meta({ description: "Of these, those in which it could not tell for some subject." }),
        pages: z.array(
          z.strictObject({
            version: z.string(),
            segment: z.string().nullable(),
            subject: z.string(),
            severity: z.enum(SEVERITIES),
            since: moment,
            told_at: moment,
            resolved_at: moment.nullable(),
            closed_because: z.enum(TRANSITION_REASONS).nullable(),
            retrain: z.boolean(),
            summary: z.string(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: "Backtest" });
const matched = z.string().nullable();
export const silence = z
  .strictObject({
    id: z.string(),
    match: z
      .strictObject({ model: matched, rule: matched, version: matched, segment: matched, subject: matched, severity: matched })
      .meta({ description: "What alerts have to be; null is anything." }),
    from: moment,
    to: moment,
    active: z.boolean(),
    by: z.string(),
    comment: z.string(),
    created_at: moment,
  })
  .meta({ id: "Silence" });

export const deadLetter = z
  .strictObject({
    received_at: moment,
    source: z.enum(["kafka", "http", "file"]),
    topic: z.string(),
    partition: z.int(),
    offset: z.string(),
    reason: z.enum(REJECT_REASONS),
    message: z.string(),
    payload: z.string(),
    payload_bytes: count,
    replayed_at: moment.nullable(),
    became: z
      .enum(["taken", ...REJECT_REASONS])
      .nullable()
      .meta({ description: "What came of trying it again: taken, or the reason it was refused for then." }),
  })
  .meta({ id: "DeadLetter" });

export const replayed = z
  .strictObject({
    found: count.meta({ description: "Letters that were looked at." }),
    taken: count,
    refused: z.record(z.string(), count).meta({ description: "Letters that were refused again, by the reason." }),
    unavailable: count.meta({ description: "Letters whose message is nowhere to be had any more." }),
    next_cursor: z.string().nullable().meta({ description: "Pass it as cursor to go on; null at the end." }),
  })
  .meta({ id: "Replayed" });

export const page = (item: z.ZodType) =>
  z.strictObject({
    items: z.array(item),
    next_cursor: z.string().nullable().meta({ description: "Pass it as cursor for what follows; null at the end." }),
  });

const millis = z.int().meta({ description: "Milliseconds since 1970." });
export const heldHours = z
  .record(z.string(), z.array(z.tuple([millis, count])))
  .meta({ id: "HeldHours", description: "Rows by hour, for each kind of row." });

export const heldRows = z.strictObject({ rows: z.array(z.tuple([z.string(), z.string(), millis, z.int()])) }).meta({
  id: "HeldRows",
  description:
    "Each row: 8 bytes of the SHA-256 of its id and its precedence, in hexadecimal, its time, and flags (1 a failed request, 2 one that predicted).",
});

export const countedBuckets = z
  .strictObject({
    subjects: count,
    buckets: z.array(
      z.strictObject({
        bucket: millis,
        requests: count,
        errors: count,
        features: z.strictObject({ least: count, most: count, subjects: count, torn: count }),
        outcomes: z.strictObject({ predictions: count, labelled: count, celled: count }),
      }),
    ),
  })
  .meta({ id: "CountedBuckets" });

export const due = z
  .strictObject({
    last: count.meta({ description: "The newest mark there is." }),
    marks: z.array(z.strictObject({ kind: z.enum(["features", "outcomes", "identity", "labels"]), bucket: millis })),
  })
  .meta({ id: "Due" });

export const letterOrigins = page(z.tuple([z.string(), z.string(), z.int(), z.string(), z.enum(REJECT_REASONS)]));

export const status = z
  .strictObject({
    version: z.string(),
    ready: z.boolean(),
    reasons: z.array(z.string()),
    watermarks: z.record(z.string(), moment.nullable()),
    ingest: z.record(z.string(), z.unknown()),
    sources: z.array(z.unknown()),
  })
  .meta({ id: "Status" });

export const report = z
  .record(z.string(), z.unknown())
  .meta({ id: "Report", description: "One model's story as data; times are RFC 3339." });

export const health = z.strictObject({ status: z.literal("ok"), version: z.string(), instance: z.string() });
export const ready = z.strictObject({ ready: z.literal(true) });
export const document = z.record(z.string(), z.unknown());
export const html = z.string();
export const plainText = z.string();
