/**
 * Events for driftwatch: built, checked before they leave, and sent.
 *
 * What driftwatch would refuse throws here, where the stack trace still says who made it. One file without
 * dependencies: install the package, or copy the file.
 */

export type Task = "binary" | "multiclass" | "regression" | "ranking";

type Optional<Value> = Value | null | undefined;
export type Class = string | number | boolean;
/** RFC 3339 with an offset, epoch milliseconds, or a Date. */
export type Time = string | number | Date;
/** A null is a missing value. Lists of numbers are embeddings. */
export type Features = Readonly<Record<string, Optional<Class | readonly number[]>>>;
export type Numbers = Readonly<Record<string, Optional<number>>>;

export type PredictionFields = {
  /** Names the request; a label comes back under the same id. */
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly time: Time;
  readonly features?: Optional<Features>;
  /** A class, a number for a regression, or a ranked list. This, `score` or `scores` is needed, or status "error". */
  readonly prediction?: Optional<Class | readonly Class[]>;
  /** P(positive) of a binary model. */
  readonly score?: Optional<number>;
  /** Probabilities by class. */
  readonly scores?: Optional<Numbers>;
  readonly status?: Optional<string>;
  readonly latency_ms?: Optional<number>;
  readonly role?: Optional<string>;
  readonly entity?: Optional<string>;
  readonly weight?: Optional<number>;
  readonly telemetry?: Optional<Numbers>;
};

export type LabelFields = {
  /** The id of the prediction this is the truth about. */
  readonly id: string;
  readonly model: string;
  /** A class or a number; of a ranking a relevant item, a list of them, or their gains by item. */
  readonly label: Class | readonly Class[] | Numbers;
  /** When the truth became known. */
  readonly time?: Optional<Time>;
  /** A newer one replaces an older one, whatever arrives first. */
  readonly revision?: Optional<number>;
};

export type PredictionEvent = PredictionFields & { readonly type: "prediction" };
export type LabelEvent = LabelFields & { readonly type: "label" };
export type BaselineRow = PredictionEvent & { readonly label?: Optional<LabelFields["label"]> };
export type Event = PredictionEvent | LabelEvent;

export type Checks = {
  /** The task of the model in driftwatch's configuration: with it, classes, numbers and probabilities are checked too. */
  readonly task?: Task;
  /** Epoch milliseconds that count as the present. */
  readonly now?: number;
};

/** The same words as in driftwatch's dead letters. */
export type Reason =
  | "too_large"
  | "too_deep"
  | "invalid_json"
  | "not_an_object"
  | "unknown_type"
  | "missing_field"
  | "invalid_field"
  | "in_the_future"
  | "before_horizon"
  | "too_many_features";

/** Says what is wrong with an event, and what would be right. */
export class EventError extends Error {
  override readonly name = "EventError";
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A prediction event, or an EventError. */
export function prediction(fields: PredictionFields, checks: Checks = {}): PredictionEvent {
  return check({ ...fields, type: "prediction" }, checks) as PredictionEvent;
}

/** A label event, or an EventError. */
export function label(fields: LabelFields, checks: Checks = {}): LabelEvent {
  return check({ ...fields, type: "label" }, checks) as LabelEvent;
}

/** A row of a baseline file, one a line: a prediction with its truth beside it. */
export function baselineRow(fields: Omit<BaselineRow, "type">, checks: Checks = {}): BaselineRow {
  const row = check({ ...fields, type: "prediction" }, checks);
  if (isPresent(row["label"])) checkTruth(row, checks.task ?? ANY_TASK);
  return row as BaselineRow;
}

/** The event as it will be read at the other end, or an EventError. For events made elsewhere. */
export function check(event: unknown, checks: Checks = {}): Record<string, unknown> {
  const plain = asJson(event);
  const { task = ANY_TASK, now = Date.now() } = checks;
  const type = required(plain, "type", '"prediction" or "label"');
  if (type !== "prediction" && type !== "label") {
    throw new EventError("unknown_type", `type is ${found(type)}; expected "prediction" or "label".`);
  }
  checkText(plain, "model", LIMITS.name);
  checkText(plain, "id", LIMITS.id);
  if (type === "prediction") checkPrediction(plain, task, now);
  else checkLabel(plain, task, now);
  return plain;
}

/** For any Kafka client: what has one id stays in order, since the id is the key. */
export function toKafkaMessage(event: Event): { key: string; value: Buffer } {
  return { key: event.id, value: Buffer.from(JSON.stringify(event)) };
}

export type SendOptions = {
  readonly token?: Optional<string>;
  /** How long a daemon that is busy or away is asked again, in milliseconds. */
  readonly retryFor?: number;
  readonly signal?: AbortSignal;
};

export type Rejected = { readonly event: Event; readonly index: number; readonly reason: string; readonly message: string };
export type Sent = { readonly accepted: number; readonly rejected: readonly Rejected[] };

/**
 * Sends events to `POST /v1/events` of the daemon at `url`. Resolves once they are durable, with those it would not
 * take. A busy or absent daemon is asked again: the same event twice is one event, so nothing counts double.
 */
export async function send(url: string, events: readonly Event[], options: SendOptions = {}): Promise<Sent> {
  let accepted = 0;
  const rejected: Rejected[] = [];
  let start = 0;
  for (const lines of inRequests(events)) {
    const answer = await post(`${url.replace(/\/+$/, "")}/v1/events`, lines.join("\n"), options);
    accepted += answer.accepted;
    for (const { index, reason, message } of answer.rejected) {
      rejected.push({ event: events[start + index] as Event, index: start + index, reason, message });
    }
    start += lines.length;
  }
  return { accepted, rejected };
}

const LIMITS = {
  bytes: 1024 * 1024,
  depth: 16,
  features: 2_000,
  name: 256,
  text: 1_024,
  id: 512,
  telemetry: 256,
  items: 1_000,
  itemsLength: 65_536,
  gain: 1e9,
  revision: 2 ** 32 - 1,
  notBefore: Date.UTC(2000, 0, 1),
  notAfter: Date.UTC(2100, 0, 1),
  ahead: 5 * 60_000,
};

/** The task that refuses least. */
const ANY_TASK: Task = "ranking";

type Fields = Readonly<Record<string, unknown>>;

function checkPrediction(event: Fields, task: Task, now: number): void {
  checkText(event, "version", LIMITS.name);
  checkTime(required(event, "time", "an RFC 3339 time or epoch milliseconds"), now);
  checkFeatures(event["features"]);
  const answer = event["prediction"];
  if (isPresent(answer)) checkAnswer("prediction", answer, task);
  const isProbability = (value: number) => value >= 0 && value <= 1;
  if (task === "binary") checkNumber(event, "score", "the probability of the positive class, from 0 to 1", isProbability);
  else checkNumber(event, "score", "a finite number");
  if (task === "binary" || task === "multiclass")
    checkNumbers(event, "scores", LIMITS.features, "a probability from 0 to 1", isProbability);
  else checkNumbers(event, "scores", LIMITS.features, "a finite number");
  checkOptionalText(event, "status", LIMITS.name);
  const scores = event["scores"];
  const isScored = isPresent(event["score"]) || (isPresent(scores) && Object.values(scores).some(isPresent));
  if (!isPresent(answer) && !isScored && event["status"] !== "error") {
    throw new EventError("missing_field", 'prediction is missing, and so are score and scores; expected one of them, or status "error".');
  }
  checkNumber(event, "latency_ms", "milliseconds, 0 or more", (value) => value >= 0);
  checkOptionalText(event, "role", LIMITS.name);
  checkOptionalText(event, "entity", LIMITS.id);
  checkNumber(event, "weight", "a number from 0 to 1000000000", (value) => value >= 0 && value <= 1e9);
  checkNumbers(event, "telemetry", LIMITS.telemetry, "a finite number");
}

function checkLabel(event: Fields, task: Task, now: number): void {
  if (isPresent(event["time"])) checkTime(event["time"], now);
  checkTruth(event, task);
  const isRevision = (value: number) => Number.isInteger(value) && value >= 0 && value <= LIMITS.revision;
  checkNumber(event, "revision", `a whole number from 0 to ${LIMITS.revision}`, isRevision);
}

function checkTruth(event: Fields, task: Task): void {
  const value = required(event, "label", EXPECTED_LABEL[task]);
  if (task !== "ranking" || !isObject(value)) return checkAnswer("label", value, task);
  checkItems("label", value, Object.keys(value));
  const isGain = (gain: number) => gain >= 0 && gain <= LIMITS.gain;
  for (const [item, gain] of Object.entries(value))
    checkNumber({ [`label.${item}`]: gain }, `label.${item}`, "a number from 0 to 1e9", isGain);
}

const EXPECTED_LABEL: Readonly<Record<Task, string>> = {
  binary: "a class",
  multiclass: "a class",
  regression: "a finite number",
  ranking: "a relevant item, a list of them, or their gains by item",
};

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Values that are none of a feature's kinds pass: driftwatch counts them as unparsable. */
function checkFeatures(features: unknown): void {
  if (!isPresent(features)) return;
  if (typeof features !== "object" || Array.isArray(features)) throw invalid("features", features, "an object of names and values");
  const names = Object.keys(features);
  if (names.length > LIMITS.features) {
    throw new EventError("too_many_features", `features has ${names.length} entries; at most ${LIMITS.features} are taken.`);
  }
  for (const name of names) checkName("features", name);
}

function checkAnswer(name: string, value: unknown, task: Task): void {
  if (task === "regression") {
    if (typeof value !== "number") throw invalid(name, value, "a finite number, since the model's task is regression");
  } else if (task === "ranking" && Array.isArray(value)) {
    checkItems(name, value, value);
  } else checkClass(name, value);
}

function checkItems(name: string, value: unknown, items: readonly unknown[]): void {
  if (items.length > LIMITS.items) throw invalid(name, value, `at most ${LIMITS.items} items`);
  if (items.reduce<number>((sum, item) => sum + (typeof item === "string" ? item.length : 0), 0) > LIMITS.itemsLength)
    throw invalid(name, value, `items of at most ${LIMITS.itemsLength} characters together`);
  items.forEach((item, place) => checkClass(`${name}[${place}]`, item));
}

function checkClass(name: string, value: unknown): void {
  if (typeof value === "boolean" || typeof value === "number") return;
  if (typeof value === "string" && value.length <= LIMITS.text) return;
  throw invalid(name, value, `a class: a text of at most ${LIMITS.text} characters, a finite number or a boolean`);
}

function checkText(event: Fields, name: string, limit: number): void {
  const value = required(event, name, `a text of at most ${limit} characters`);
  if (typeof value !== "string" || value.length === 0 || value.length > limit)
    throw invalid(name, value, `a text of 1 to ${limit} characters`);
}

function checkOptionalText(event: Fields, name: string, limit: number): void {
  if (isPresent(event[name]) && event[name] !== "") checkText(event, name, limit);
}

function checkNumber(event: Fields, name: string, expected: string, isRight: (value: number) => boolean = () => true): void {
  const value = event[name];
  if (isPresent(value) && !(typeof value === "number" && isRight(value))) throw invalid(name, value, expected);
}

function checkNumbers(event: Fields, name: string, limit: number, expected: string, isRight?: (value: number) => boolean): void {
  const value = event[name];
  if (!isPresent(value)) return;
  if (typeof value !== "object" || Array.isArray(value)) throw invalid(name, value, "an object of numbers");
  const entries = Object.entries(value);
  if (entries.length > limit) throw new EventError("invalid_field", `${name} has ${entries.length} entries; at most ${limit} are taken.`);
  for (const [key, entry] of entries) {
    if (!isPresent(entry)) continue;
    checkName(name, key);
    checkNumber({ [`${name}.${key}`]: entry }, `${name}.${key}`, expected, isRight);
  }
}

function checkName(field: string, name: string): void {
  if (name.length <= LIMITS.name) return;
  throw new EventError(
    "invalid_field",
    `${field} has a name of ${name.length} characters, ${found(name)}; at most ${LIMITS.name} are taken.`,
  );
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2}))?$/;

function checkTime(value: unknown, now: number): void {
  const time = typeof value === "string" ? parseTime(value) : typeof value === "number" && isMilliseconds(value) ? value : null;
  if (time === null) throw invalid("time", value, "an RFC 3339 time with an offset, or epoch milliseconds");
  if (time < LIMITS.notBefore) throw new EventError("before_horizon", `time is ${found(value)}; expected a time after 1999.`);
  if (time > Math.min(LIMITS.notAfter, now + LIMITS.ahead)) {
    throw new EventError("in_the_future", `time is ${found(value)}, which is in the future; expected the time of the request.`);
  }
}

/** Null as well for a date that is none, which Date.parse would roll over. */
function parseTime(text: string): number | null {
  if (!RFC_3339.test(text)) return null;
  const date = text.slice(0, 10);
  const day = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return null;
  const time = text.length === 10 ? day : Date.parse(text.replace(" ", "T").toUpperCase());
  return Number.isNaN(time) ? null : time;
}

/** Seconds, micro- and nanoseconds are told by their size. */
function isMilliseconds(value: number): boolean {
  const size = Math.abs(value);
  return Number.isSafeInteger(value) && !(size >= 1e9 && size < 1e10) && size < 1e15;
}

/** What would be read at the other end: undefined is left out, a Date is text. */
function asJson(event: unknown): Record<string, unknown> {
  let notANumber: string | null = null;
  let text: string | undefined;
  try {
    text = JSON.stringify(event, (key, value: unknown) => {
      if (typeof value === "number" && !Number.isFinite(value)) notANumber ??= `${key} is ${value}`;
      return value;
    });
  } catch (cause) {
    const isTooDeep = cause instanceof RangeError || String(cause).includes("circular");
    throw new EventError(isTooDeep ? "too_deep" : "invalid_json", `The event cannot be written as JSON: ${String(cause)}.`);
  }
  const plain: unknown = text === undefined ? undefined : JSON.parse(text);
  const bytes = Buffer.byteLength(text ?? "");
  if (bytes > LIMITS.bytes) throw new EventError("too_large", `The event has ${bytes} bytes; at most ${LIMITS.bytes} are taken.`);
  if (isDeeperThan(plain, LIMITS.depth)) throw new EventError("too_deep", `The event nests deeper than ${LIMITS.depth} levels.`);
  if (notANumber !== null) {
    throw new EventError("invalid_json", `${notANumber as string}, and JSON has no such number. Send null where a value is missing.`);
  }
  if (typeof plain !== "object" || plain === null || Array.isArray(plain)) {
    throw new EventError("not_an_object", `The event is ${found(plain)}; expected an object.`);
  }
  return plain as Record<string, unknown>;
}

function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return limit === 0 || Object.values(value).some((part) => isDeeperThan(part, limit - 1));
}

function isPresent<Value>(value: Value): value is NonNullable<Value> {
  return value !== undefined && value !== null;
}

function required(event: Fields, name: string, expected: string): unknown {
  if (!isPresent(event[name])) throw new EventError("missing_field", `${name} is missing; expected ${expected}.`);
  return event[name];
}

function invalid(name: string, value: unknown, expected: string): EventError {
  return new EventError("invalid_field", `${name} is ${found(value)}; expected ${expected}.`);
}

/** The start of a value, for a message to a person. */
function found(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60).toWellFormed()}… (${text.length} characters)` : text;
}

const MOST_EVENTS = 1_000;
const MOST_BYTES = 4 * 1024 * 1024;
const LONGEST_WAIT = 10_000;

/** As many lines at a time as one request may well have. */
function* inRequests(events: readonly Event[]): Generator<readonly string[]> {
  let lines: string[] = [];
  let bytes = 0;
  for (const event of events) {
    const line = JSON.stringify(event);
    const size = Buffer.byteLength(line) + 1;
    if (lines.length === MOST_EVENTS || (lines.length > 0 && bytes + size > MOST_BYTES)) {
      yield lines;
      lines = [];
      bytes = 0;
    }
    lines.push(line);
    bytes += size;
  }
  if (lines.length > 0) yield lines;
}

type Answer = { accepted: number; rejected: { index: number; reason: string; message: string }[] };

async function post(url: string, body: string, options: SendOptions): Promise<Answer> {
  const giveUpAt = performance.now() + (options.retryFor ?? 60_000);
  for (let attempt = 0; ; attempt++) {
    const response = await ask(url, body, options);
    if (response instanceof Response && response.ok) return (await response.json()) as Answer;
    const mayPass = !(response instanceof Response) || response.status === 429 || response.status === 503;
    const wait = waitBefore(attempt, response instanceof Response ? response.headers.get("retry-after") : null);
    if (!mayPass || performance.now() + wait > giveUpAt) throw await sendFailure(url, response);
    if (response instanceof Response) await response.body?.cancel();
    await sleep(wait, options.signal);
  }
}

/** An answer, or why there was none. */
async function ask(url: string, body: string, { token, signal }: SendOptions): Promise<Response | { readonly cause: unknown }> {
  const headers = { "content-type": "application/x-ndjson", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  try {
    return await fetch(url, { method: "POST", headers, body, signal: signal ?? null });
  } catch (cause) {
    signal?.throwIfAborted();
    return { cause };
  }
}

/** As long as was asked for, in seconds or as a date; otherwise twice as long each time. */
function waitBefore(attempt: number, retryAfter: string | null): number {
  const asked =
    retryAfter === null ? Number.NaN : /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(asked) ? Math.min(LONGEST_WAIT, 500 * 2 ** attempt) : Math.max(0, asked);
}

async function sendFailure(url: string, response: Response | { readonly cause: unknown }): Promise<Error> {
  if (response instanceof Response)
    return new Error(`driftwatch answered ${response.status} at ${url}: ${(await response.text()).slice(0, 500)}`);
  return new Error(`driftwatch does not answer at ${url}. Is it running, and may this machine reach it?`, response);
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
