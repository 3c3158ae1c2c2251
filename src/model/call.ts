import type { Millis } from "./time.ts";

/** A request to another system. */
export type CallRequest = {
  readonly url: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Until the answer is complete, looking up the host included. */
  readonly timeout?: Millis;
};

/** What came of it. No text in it repeats the URL, a header or an answer: `detail` may be shown and stored. */
export type CallResult =
  | {
      readonly kind: "answer";
      readonly status: number;
      /** By name in small letters. */
      readonly headers: Readonly<Record<string, string>>;
      /** Up to a megabyte of it. */
      readonly body: string;
    }
  | {
      readonly kind: "failed";
      /** `forbidden`: its host has an address that may not be called. */
      readonly reason: "forbidden" | "timeout" | "unreachable";
      readonly detail: string;
    };

/** Calls another system. It answers and does not throw; redirects are answers. */
export type Call = (request: CallRequest) => Promise<CallResult>;
