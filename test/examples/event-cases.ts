import fc from "fast-check";
import type { BaselineRow, Event, RejectReason } from "../../src/model/event.ts";
import type { ModelSettings } from "../../src/model/settings.ts";
import { decode, decodeBaselineRow } from "../../src/ingest/decode.ts";
import { message, models, NOW } from "../ingest/examples.ts";

/** A call of a producer's builder: what it is given, and which model it is for. */
export type Case = {
  readonly builder: "prediction" | "label" | "baselineRow" | "check";
  readonly task: ModelSettings["task"];
  readonly fields: Readonly<Record<string, unknown>>;
};

export type Outcome = { readonly ok: true; readonly event: Event | BaselineRow } | { readonly ok: false; readonly reason: RejectReason };

const nameOfTask = new Map([...models.values()].map(({ name, task }) => [task, name]));

/** What the daemon makes of these bytes, sent over HTTP to a model of one task. */
export function decodeAs(builder: Case["builder"], bytes: string): Outcome {
  const sent = message(bytes, { source: "http", topic: "", partition: 0, offset: "0" });
  const context = { models, now: NOW, liveClock: true };
  if (builder !== "baselineRow") return decode(sent, context);
  const decoded = decodeBaselineRow(sent, context);
  return decoded.ok ? { ok: true, event: decoded.row } : decoded;
}

/** The event as somebody without the builder would write it, numbers that are none included, as Python's json does. */
export function carelessJson({ builder, fields }: Case): string {
  return jsonWithNaN(builder === "check" ? fields : { ...fields, type: builder === "label" ? "label" : "prediction" });
}

/** JSON, with NaN and Infinity as bare words. */
export function jsonWithNaN(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonWithNaN).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return `{${members.map(([name, entry]) => `${JSON.stringify(name)}:${jsonWithNaN(entry)}`).join(",")}}`;
}

const anyCharacters = fc.string({ unit: "binary" });
const long = (length: number) =>
  fc.constantFrom("x".repeat(length), "x".repeat(length + 1), "\u{1f6eb}".repeat(length / 2), "\u{1f6eb}".repeat(length / 2 + 1));
const number = fc.oneof(fc.double({ noDefaultInfinity: true, noNaN: true }), fc.integer());
const probability = fc.double({ min: 0, max: 1, noNaN: true });
const className = fc.oneof(fc.constantFrom("late", "on_time"), anyCharacters, fc.integer(), fc.boolean());
const time = fc.oneof(
  fc.integer({ min: Date.UTC(2000, 0, 1), max: NOW }),
  fc.constantFrom(
    "2024-02-29",
    "2024-05-01T10:20:00Z",
    "2024-05-01t10:20z",
    "2024-05-01 10:20:00.123456789+0530",
    "2024-04-30T24:00:00-23:59",
    new Date(NOW).toISOString(),
    "2024-06-01T00:05:00.000999Z",
  ),
);
const feature = fc.oneof(
  number,
  fc.constantFrom("red", ""),
  long(1_024),
  fc.boolean(),
  fc.constant(null),
  fc.array(number, { maxLength: 3 }),
);
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const names = fc.oneof(anyCharacters, fc.constantFrom("__proto__", "constructor", "é"), long(256));

const predictionFields = (task: Case["task"]) =>
  fc.record({
    id: fc.oneof(fc.constant("r-1"), fc.string({ minLength: 1 }), long(512)),
    model: fc.constant(nameOfTask.get(task)),
    version: fc.string({ minLength: 1, unit: "binary" }),
    time,
    features: optional(fc.dictionary(names, feature, { maxKeys: 4 })),
    prediction: task === "regression" ? number : task === "ranking" ? fc.array(className, { maxLength: 4 }) : className,
    score: optional(task === "binary" ? probability : number),
    scores: optional(fc.dictionary(names, fc.option(task === "regression" ? number : probability), { maxKeys: 3 })),
    status: optional(fc.constantFrom("ok", "error", "")),
    latency_ms: optional(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })),
    role: optional(anyCharacters),
    entity: optional(anyCharacters),
    weight: optional(fc.constantFrom(0, 1, 2.5)),
    telemetry: optional(fc.dictionary(names, number, { maxKeys: 2 })),
  });

const gain = fc.oneof(fc.constantFrom(0, 1, 1e9, null), fc.double({ min: 0, max: 1e9, noNaN: true }));
const truthOf = (task: Case["task"]): fc.Arbitrary<unknown> =>
  task === "regression"
    ? number
    : task === "ranking"
      ? fc.oneof(className, fc.array(className, { maxLength: 4 }), fc.dictionary(fc.oneof(names, long(1_024)), gain, { maxKeys: 3 }))
      : className;

const labelFields = (task: Case["task"]) =>
  fc.record({
    id: fc.constant("r-1"),
    model: fc.constant(nameOfTask.get(task)),
    label: truthOf(task),
    time: optional(time),
    revision: optional(fc.constantFrom(0, 3, 2 ** 32 - 1)),
  });

/** Values that are wrong in one field or another. */
const hostile = fc.oneof(
  { arbitrary: fc.constant<unknown>({ text: "x".repeat(1024 * 1024) }), weight: 1 },
  { arbitrary: fc.constantFrom<unknown>(wide(256), wide(257), wide(2_000), wide(2_001)), weight: 4 },
  {
    arbitrary: fc.constantFrom<unknown>(
      undefined,
      null,
      "",
      "yes",
      true,
      -1,
      0.5,
      2,
      1.5,
      2 ** 32,
      Number.NaN,
      Infinity,
      -Infinity,
      [],
      {},
    ),
    weight: 20,
  },
  {
    arbitrary: fc.constantFrom<unknown>(
      ["a", 2, true],
      ["a", null],
      [[1]],
      ["\ud800".repeat(300)],
      { a: 2 },
      { a: "b" },
      { a: null },
      { a: Number.NaN },
    ),
    weight: 20,
  },
  {
    arbitrary: fc.constantFrom<unknown>(
      { ["n".repeat(257)]: 1 },
      { ["\u{1f6eb}".repeat(129)]: 1 },
      ["x".repeat(1_024)],
      ["x".repeat(1_025)],
      new Array(1_000).fill(1),
      new Array(1_001).fill(1),
      new Array(64).fill("x".repeat(1_024)),
      [...new Array(64).fill("x".repeat(1_024)), "x"],
      { a: -1 },
      { a: 1e9 + 1 },
      { a: [1] },
      { ["x".repeat(1_025)]: 1 },
    ),
    weight: 20,
  },
  {
    arbitrary: fc.constantFrom(
      "2024-05-01T10:20:00",
      "2024-02-30",
      "yesterday",
      "2024-05-01\n",
      "2024-05-01T25:00Z",
      "2024-05-01T10:60Z",
      "2024-05-01T10:00+24:00",
    ),
    weight: 20,
  },
  {
    arbitrary: fc.constantFrom(
      "1999-12-31T23:59:59Z",
      "2000-01-01",
      "0000-01-01",
      "9999-12-31",
      "2024-06-01T00:05:00.001Z",
      "2024-06-01T00:06:00+00:30",
      "٢٠٢٤-05-01",
    ),
    weight: 20,
  },
  {
    arbitrary: fc.constantFrom(
      NOW + 5 * 60_000,
      NOW + 5 * 60_000 + 1,
      1_714_558_800,
      1_714_558_800_000_000,
      1e17,
      1e300,
      9_999_999_999,
      1_714_558_800_000.5,
      0,
    ),
    weight: 20,
  },
  {
    arbitrary: fc.constantFrom(
      "x".repeat(257),
      "x".repeat(513),
      "x".repeat(1_025),
      "\u{1f6eb}".repeat(128),
      "\u{1f6eb}".repeat(129),
      "half \ud83d",
    ),
    weight: 20,
  },
  { arbitrary: fc.constantFrom<unknown>(nested(13), nested(14), nested(15), nested(16), nested(40)), weight: 20 },
  {
    arbitrary: fc.anything({ maxDepth: 2, withDate: false }).filter((value) => value === undefined || JSON.stringify(value) !== undefined),
    weight: 20,
  },
);

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { in: nested(depth - 1) };
}

function wide(entries: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: entries }, (_, index) => [`f${index}`, 0.5]));
}

/** Events that are right, and events wrong in a field or two. */
export const eventCase: fc.Arbitrary<Case> = fc
  .tuple(
    fc.constantFrom<Case["builder"]>("prediction", "prediction", "label", "baselineRow", "check"),
    fc.constantFrom(...nameOfTask.keys()),
  )
  .chain(([builder, task]) => {
    const fields =
      builder === "label"
        ? labelFields(task)
        : builder === "baselineRow"
          ? fc.tuple(predictionFields(task), optional(truthOf(task))).map(([row, truth]) => ({ ...row, label: truth }))
          : builder === "check"
            ? fc.tuple(labelFields(task), fc.constantFrom("label", "prediction")).map(([event, type]) => ({ type, ...event }))
            : predictionFields(task);
    const wrong = fields.chain((right) =>
      fc
        .uniqueArray(fc.tuple(fc.constantFrom(...Object.keys(right).filter((name) => name !== "model"), "other"), hostile), {
          minLength: 1,
          maxLength: 2,
          selector: ([name]) => name,
        })
        .map((changes) => ({ ...right, ...Object.fromEntries(changes) })),
    );
    return fc.oneof(fields, { arbitrary: wrong, weight: 3 }).map((value) => ({ builder, task, fields: value }));
  });

const right = { id: "r-1", model: "binary", version: "1", time: "2024-05-01T10:00:00Z", prediction: "yes" };

/** What a person is told, of the mistakes that are made most. */
export const refusals: readonly { readonly given: Case; readonly reason: RejectReason; readonly told: RegExp }[] = [
  refusal({ ...right, type: "metric" }, "unknown_type", /^type is "metric"; expected "prediction" or "label"\.$/, "check"),
  refusal({ ...right, version: undefined }, "missing_field", /^version is missing; expected a text of at most 256 characters\.$/),
  refusal({ ...right, prediction: undefined }, "missing_field", /^prediction is missing, and so are score and scores/),
  refusal(
    { ...right, features: { amount: Number.NaN } },
    "invalid_json",
    /amount is nan, and JSON has no such number\. Send \w+ where a value is missing\.$/i,
  ),
  refusal({ ...right, score: 83 }, "invalid_field", /^score is 83; expected the probability of the positive class, from 0 to 1\.$/),
  refusal(
    { ...right, features: { ["n".repeat(257)]: 1 } },
    "invalid_field",
    /^features has a name of 257 characters, "nnn.*; at most 256 are taken\.$/,
  ),
  refusal(
    { ...right, time: "2024-05-01T10:00:00" },
    "invalid_field",
    /^time is "2024-05-01T10:00:00"; expected an RFC 3339 time with an offset/,
  ),
  refusal(
    { ...right, model: "classes", scores: { a: 2 } },
    "invalid_field",
    /^scores\.a is 2; expected a probability/,
    "prediction",
    "multiclass",
  ),
  refusal({ ...right, time: NOW + 600_000 }, "in_the_future", /^time is \d+, which is in the future/),
  refusal({ ...right, features: wide(2_001) }, "too_many_features", /^features has 2001 entries; at most 2000 are taken\.$/),
  refusal(
    { id: "r-1", model: "binary", label: "yes", revision: 1.5 },
    "invalid_field",
    /^revision is 1\.5; expected a whole number/,
    "label",
  ),
  refusal({ id: "r-1", model: "binary" }, "missing_field", /^label is missing; expected a class\.$/, "label"),
  refusal(
    { id: "r-1", model: "ranks", label: { shoe: -1 } },
    "invalid_field",
    /^label\.shoe is -1; expected a number from 0 to 1e9\.$/,
    "label",
    "ranking",
  ),
];

function refusal(
  fields: Case["fields"],
  reason: RejectReason,
  told: RegExp,
  builder: Case["builder"] = "prediction",
  task: Case["task"] = "binary",
) {
  return { given: { builder, task, fields }, reason, told } as const;
}
