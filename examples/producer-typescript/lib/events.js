/**
 * Events for driftwatch: built, checked before they leave, and sent.
 *
 * What driftwatch would refuse throws here, where the stack trace still says who made it. One file without
 * dependencies: install the package, or copy the file.
 */
/** Says what is wrong with an event, and what would be right. */
export class EventError extends Error {
    name = "EventError";
    reason;
    constructor(reason, message) {
        super(message);
        this.reason = reason;
    }
}
/** A prediction event, or an EventError. */
export function prediction(fields, checks = {}) {
    return check({ ...fields, type: "prediction" }, checks);
}
/** A label event, or an EventError. */
export function label(fields, checks = {}) {
    return check({ ...fields, type: "label" }, checks);
}
/** A row of a baseline file, one a line: a prediction with its truth beside it. */
export function baselineRow(fields, checks = {}) {
    const row = check({ ...fields, type: "prediction" }, checks);
    if (isPresent(row["label"]))
        checkTruth(row, checks.task ?? ANY_TASK);
    return row;
}
/** The event as it will be read at the other end, or an EventError. For events made elsewhere. */
export function check(event, checks = {}) {
    const plain = asJson(event);
    const { task = ANY_TASK, now = Date.now() } = checks;
    const type = required(plain, "type", '"prediction" or "label"');
    if (type !== "prediction" && type !== "label") {
        throw new EventError("unknown_type", `type is ${found(type)}; expected "prediction" or "label".`);
    }
    checkText(plain, "model", LIMITS.name);
    checkText(plain, "id", LIMITS.id);
    if (type === "prediction")
        checkPrediction(plain, task, now);
    else
        checkLabel(plain, task, now);
    return plain;
}
/** For any Kafka client: what has one id stays in order, since the id is the key. */
export function toKafkaMessage(event) {
    return { key: event.id, value: Buffer.from(JSON.stringify(event)) };
}
/**
 * Sends events to `POST /v1/events` of the daemon at `url`. Resolves once they are durable, with those it would not
 * take. A busy or absent daemon is asked again: the same event twice is one event, so nothing counts double.
 */
export async function send(url, events, options = {}) {
    let accepted = 0;
    const rejected = [];
    let start = 0;
    for (const lines of inRequests(events)) {
        const answer = await post(`${url.replace(/\/+$/, "")}/v1/events`, lines.join("\n"), options);
        accepted += answer.accepted;
        for (const { index, reason, message } of answer.rejected) {
            rejected.push({ event: events[start + index], index: start + index, reason, message });
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
const ANY_TASK = "ranking";
function checkPrediction(event, task, now) {
    checkText(event, "version", LIMITS.name);
    checkTime(required(event, "time", "an RFC 3339 time or epoch milliseconds"), now);
    checkFeatures(event["features"]);
    const answer = event["prediction"];
    if (isPresent(answer))
        checkAnswer("prediction", answer, task);
    const isProbability = (value) => value >= 0 && value <= 1;
    if (task === "binary")
        checkNumber(event, "score", "the probability of the positive class, from 0 to 1", isProbability);
    else
        checkNumber(event, "score", "a finite number");
    if (task === "binary" || task === "multiclass")
        checkNumbers(event, "scores", LIMITS.features, "a probability from 0 to 1", isProbability);
    else
        checkNumbers(event, "scores", LIMITS.features, "a finite number");
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
function checkLabel(event, task, now) {
    if (isPresent(event["time"]))
        checkTime(event["time"], now);
    checkTruth(event, task);
    const isRevision = (value) => Number.isInteger(value) && value >= 0 && value <= LIMITS.revision;
    checkNumber(event, "revision", `a whole number from 0 to ${LIMITS.revision}`, isRevision);
}
function checkTruth(event, task) {
    const value = required(event, "label", EXPECTED_LABEL[task]);
    if (task !== "ranking" || !isObject(value))
        return checkAnswer("label", value, task);
    checkItems("label", value, Object.keys(value));
    const isGain = (gain) => gain >= 0 && gain <= LIMITS.gain;
    for (const [item, gain] of Object.entries(value))
        checkNumber({ [`label.${item}`]: gain }, `label.${item}`, "a number from 0 to 1e9", isGain);
}
const EXPECTED_LABEL = {
    binary: "a class",
    multiclass: "a class",
    regression: "a finite number",
    ranking: "a relevant item, a list of them, or their gains by item",
};
function isObject(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
/** Values that are none of a feature's kinds pass: driftwatch counts them as unparsable. */
function checkFeatures(features) {
    if (!isPresent(features))
        return;
    if (typeof features !== "object" || Array.isArray(features))
        throw invalid("features", features, "an object of names and values");
    const names = Object.keys(features);
    if (names.length > LIMITS.features) {
        throw new EventError("too_many_features", `features has ${names.length} entries; at most ${LIMITS.features} are taken.`);
    }
    for (const name of names)
        checkName("features", name);
}
function checkAnswer(name, value, task) {
    if (task === "regression") {
        if (typeof value !== "number")
            throw invalid(name, value, "a finite number, since the model's task is regression");
    }
    else if (task === "ranking" && Array.isArray(value)) {
        checkItems(name, value, value);
    }
    else
        checkClass(name, value);
}
function checkItems(name, value, items) {
    if (items.length > LIMITS.items)
        throw invalid(name, value, `at most ${LIMITS.items} items`);
    if (items.reduce((sum, item) => sum + (typeof item === "string" ? item.length : 0), 0) > LIMITS.itemsLength)
        throw invalid(name, value, `items of at most ${LIMITS.itemsLength} characters together`);
    items.forEach((item, place) => checkClass(`${name}[${place}]`, item));
}
function checkClass(name, value) {
    if (typeof value === "boolean" || typeof value === "number")
        return;
    if (typeof value === "string" && value.length <= LIMITS.text)
        return;
    throw invalid(name, value, `a class: a text of at most ${LIMITS.text} characters, a finite number or a boolean`);
}
function checkText(event, name, limit) {
    const value = required(event, name, `a text of at most ${limit} characters`);
    if (typeof value !== "string" || value.length === 0 || value.length > limit)
        throw invalid(name, value, `a text of 1 to ${limit} characters`);
}
function checkOptionalText(event, name, limit) {
    if (isPresent(event[name]) && event[name] !== "")
        checkText(event, name, limit);
}
function checkNumber(event, name, expected, isRight = () => true) {
    const value = event[name];
    if (isPresent(value) && !(typeof value === "number" && isRight(value)))
        throw invalid(name, value, expected);
}
function checkNumbers(event, name, limit, expected, isRight) {
    const value = event[name];
    if (!isPresent(value))
        return;
    if (typeof value !== "object" || Array.isArray(value))
        throw invalid(name, value, "an object of numbers");
    const entries = Object.entries(value);
    if (entries.length > limit)
        throw new EventError("invalid_field", `${name} has ${entries.length} entries; at most ${limit} are taken.`);
    for (const [key, entry] of entries) {
        if (!isPresent(entry))
            continue;
        checkName(name, key);
        checkNumber({ [`${name}.${key}`]: entry }, `${name}.${key}`, expected, isRight);
    }
}
function checkName(field, name) {
    if (name.length <= LIMITS.name)
        return;
    throw new EventError("invalid_field", `${field} has a name of ${name.length} characters, ${found(name)}; at most ${LIMITS.name} are taken.`);
}
const RFC_3339 = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2}))?$/;
function checkTime(value, now) {
    const time = typeof value === "string" ? parseTime(value) : typeof value === "number" && isMilliseconds(value) ? value : null;
    if (time === null)
        throw invalid("time", value, "an RFC 3339 time with an offset, or epoch milliseconds");
    if (time < LIMITS.notBefore)
        throw new EventError("before_horizon", `time is ${found(value)}; expected a time after 1999.`);
    if (time > Math.min(LIMITS.notAfter, now + LIMITS.ahead)) {
        throw new EventError("in_the_future", `time is ${found(value)}, which is in the future; expected the time of the request.`);
    }
}
/** Null as well for a date that is none, which Date.parse would roll over. */
function parseTime(text) {
    if (!RFC_3339.test(text))
        return null;
    const date = text.slice(0, 10);
    const day = Date.parse(`${date}T00:00:00Z`);
    if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date)
        return null;
    const time = text.length === 10 ? day : Date.parse(text.replace(" ", "T").toUpperCase());
    return Number.isNaN(time) ? null : time;
}
/** Seconds, micro- and nanoseconds are told by their size. */
function isMilliseconds(value) {
    const size = Math.abs(value);
    return Number.isSafeInteger(value) && !(size >= 1e9 && size < 1e10) && size < 1e15;
}
/** What would be read at the other end: undefined is left out, a Date is text. */
function asJson(event) {
    let notANumber = null;
    let text;
    try {
        text = JSON.stringify(event, (key, value) => {
            if (typeof value === "number" && !Number.isFinite(value))
                notANumber ??= `${key} is ${value}`;
            return value;
        });
    }
    catch (cause) {
        const isTooDeep = cause instanceof RangeError || String(cause).includes("circular");
        throw new EventError(isTooDeep ? "too_deep" : "invalid_json", `The event cannot be written as JSON: ${String(cause)}.`);
    }
    const plain = text === undefined ? undefined : JSON.parse(text);
    const bytes = Buffer.byteLength(text ?? "");
    if (bytes > LIMITS.bytes)
        throw new EventError("too_large", `The event has ${bytes} bytes; at most ${LIMITS.bytes} are taken.`);
    if (isDeeperThan(plain, LIMITS.depth))
        throw new EventError("too_deep", `The event nests deeper than ${LIMITS.depth} levels.`);
    if (notANumber !== null) {
        throw new EventError("invalid_json", `${notANumber}, and JSON has no such number. Send null where a value is missing.`);
    }
    if (typeof plain !== "object" || plain === null || Array.isArray(plain)) {
        throw new EventError("not_an_object", `The event is ${found(plain)}; expected an object.`);
    }
    return plain;
}
function isDeeperThan(value, limit) {
    if (typeof value !== "object" || value === null)
        return false;
    return limit === 0 || Object.values(value).some((part) => isDeeperThan(part, limit - 1));
}
function isPresent(value) {
    return value !== undefined && value !== null;
}
function required(event, name, expected) {
    if (!isPresent(event[name]))
        throw new EventError("missing_field", `${name} is missing; expected ${expected}.`);
    return event[name];
}
function invalid(name, value, expected) {
    return new EventError("invalid_field", `${name} is ${found(value)}; expected ${expected}.`);
}
/** The start of a value, for a message to a person. */
function found(value) {
    const text = JSON.stringify(value) ?? "nothing";
    return text.length > 60 ? `${text.slice(0, 60).toWellFormed()}… (${text.length} characters)` : text;
}
const MOST_EVENTS = 1_000;
const MOST_BYTES = 4 * 1024 * 1024;
const LONGEST_WAIT = 10_000;
/** As many lines at a time as one request may well have. */
function* inRequests(events) {
    let lines = [];
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
    if (lines.length > 0)
        yield lines;
}
async function post(url, body, options) {
    const giveUpAt = performance.now() + (options.retryFor ?? 60_000);
    for (let attempt = 0;; attempt++) {
        const response = await ask(url, body, options);
        if (response instanceof Response && response.ok)
            return (await response.json());
        const mayPass = !(response instanceof Response) || response.status === 429 || response.status === 503;
        const wait = waitBefore(attempt, response instanceof Response ? response.headers.get("retry-after") : null);
        if (!mayPass || performance.now() + wait > giveUpAt)
            throw await sendFailure(url, response);
        if (response instanceof Response)
            await response.body?.cancel();
        await sleep(wait, options.signal);
    }
}
/** An answer, or why there was none. */
async function ask(url, body, { token, signal }) {
    const headers = { "content-type": "application/x-ndjson", ...(token ? { authorization: `Bearer ${token}` } : {}) };
    try {
        return await fetch(url, { method: "POST", headers, body, signal: signal ?? null });
    }
    catch (cause) {
        signal?.throwIfAborted();
        return { cause };
    }
}
/** As long as was asked for, in seconds or as a date; otherwise twice as long each time. */
function waitBefore(attempt, retryAfter) {
    const asked = retryAfter === null ? Number.NaN : /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
    return Number.isNaN(asked) ? Math.min(LONGEST_WAIT, 500 * 2 ** attempt) : Math.max(0, asked);
}
async function sendFailure(url, response) {
    if (response instanceof Response)
        return new Error(`driftwatch answered ${response.status} at ${url}: ${(await response.text()).slice(0, 500)}`);
    return new Error(`driftwatch does not answer at ${url}. Is it running, and may this machine reach it?`, response);
}
function sleep(milliseconds, signal) {
    return new Promise((resolve, reject) => {
        const stop = () => {
            clearTimeout(timer);
            reject(signal?.reason);
        };
        const timer = setTimeout(() => {
            signal?.removeEventListener("abort", stop);
            resolve();
        }, milliseconds);
        signal?.addEventListener("abort", stop, { once: true });
    });
}
