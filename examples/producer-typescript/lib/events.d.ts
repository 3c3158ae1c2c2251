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
export type PredictionEvent = PredictionFields & {
    readonly type: "prediction";
};
export type LabelEvent = LabelFields & {
    readonly type: "label";
};
export type BaselineRow = PredictionEvent & {
    readonly label?: Optional<LabelFields["label"]>;
};
export type Event = PredictionEvent | LabelEvent;
export type Checks = {
    /** The task of the model in driftwatch's configuration: with it, classes, numbers and probabilities are checked too. */
    readonly task?: Task;
    /** Epoch milliseconds that count as the present. */
    readonly now?: number;
};
/** The same words as in driftwatch's dead letters. */
export type Reason = "too_large" | "too_deep" | "invalid_json" | "not_an_object" | "unknown_type" | "missing_field" | "invalid_field" | "in_the_future" | "before_horizon" | "too_many_features";
/** Says what is wrong with an event, and what would be right. */
export declare class EventError extends Error {
    readonly name = "EventError";
    readonly reason: Reason;
    constructor(reason: Reason, message: string);
}
/** A prediction event, or an EventError. */
export declare function prediction(fields: PredictionFields, checks?: Checks): PredictionEvent;
/** A label event, or an EventError. */
export declare function label(fields: LabelFields, checks?: Checks): LabelEvent;
/** A row of a baseline file, one a line: a prediction with its truth beside it. */
export declare function baselineRow(fields: Omit<BaselineRow, "type">, checks?: Checks): BaselineRow;
/** The event as it will be read at the other end, or an EventError. For events made elsewhere. */
export declare function check(event: unknown, checks?: Checks): Record<string, unknown>;
/** For any Kafka client: what has one id stays in order, since the id is the key. */
export declare function toKafkaMessage(event: Event): {
    key: string;
    value: Buffer;
};
export type SendOptions = {
    readonly token?: Optional<string>;
    /** How long a daemon that is busy or away is asked again, in milliseconds. */
    readonly retryFor?: number;
    readonly signal?: AbortSignal;
};
export type Rejected = {
    readonly event: Event;
    readonly index: number;
    readonly reason: string;
    readonly message: string;
};
export type Sent = {
    readonly accepted: number;
    readonly rejected: readonly Rejected[];
};
/**
 * Sends events to `POST /v1/events` of the daemon at `url`. Resolves once they are durable, with those it would not
 * take. A busy or absent daemon is asked again: the same event twice is one event, so nothing counts double.
 */
export declare function send(url: string, events: readonly Event[], options?: SendOptions): Promise<Sent>;
export {};
