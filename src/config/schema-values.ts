import * as z from "zod";
import { parseAddressRange } from "../model/address.ts";
import { parseDuration, parseTime } from "../model/time.ts";

/** What a check says when it fails: the problem, and on a second line the hint. */
export function says(message: string, hint: string): { error: string } {
  return { error: `${message}\n${hint}` };
}

/** A mapping that refuses keys it does not know; its complaint carries the keys it does know. */
export function object<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? Object.keys(shape).join(" ") : undefined),
  });
}

const isDuration = says("expected a duration such as 1h", "a whole number and one of ms, s, m, h, d, y: 90s, 15m, 1h, 7d");
const isTime = says("expected a time such as 2013-01-01 or 2013-01-01T06:00:00Z", "a date, or RFC 3339 with an offset (Z is UTC)");
const isPort = says("expected a port", "a whole number from 0 to 65535");
const isFlag = says("expected true or false", "write true or false");
const isUrl = says("expected an http or https address", "as in https://example.com/hook");
const isAddresses = says(
  "expected an address or a range of addresses",
  "as in 10.0.0.0/8 or 192.168.1.7 or fd00::/8; names are looked up, so they are not allowed here",
);
const isEmail = says("expected an e-mail address", "as in ml@example.com");

export const text = z.string().min(1, says("is empty", "write a value, or remove the key"));
export const name = z.string().min(1);
/** Milliseconds, 0 allowed. */
export const delay = z
  .string(isDuration)
  .regex(/^\d{1,6}(ms|s|m|h|d|y)$/, isDuration)
  .transform((value) => parseDuration(value) ?? 0);
/** Milliseconds, more than 0. */
export const duration = delay.refine((value) => value > 0, isDuration);
export const time = z
  .string(isTime)
  .refine((value) => parseTime(value) !== null, isTime)
  .transform((value) => parseTime(value) ?? 0);
// A value that comes from a variable is always text, so numbers and flags may be text as well.
export const port = z
  .union(
    [z.int().min(0).max(65535), z.string().regex(/^([1-9]\d{0,3}|[1-5]\d{4}|0)$|^6[0-4]\d{3}$|^65[0-4]\d{2}$|^655[0-2]\d$|^6553[0-5]$/)],
    isPort,
  )
  .transform(Number);
export const flag = z.union([z.boolean(), z.enum(["true", "false"])], isFlag).transform((value) => value === true || value === "true");
export const url = z.string(isUrl).refine(isHttpUrl, isUrl);
export const addresses = z.string(isAddresses).refine((value) => parseAddressRange(value) !== null, isAddresses);
export const email = z.string(isEmail).regex(/^[^\s@<>,;:"()]+@[^\s@<>,;:"()]+$/, isEmail);

function isHttpUrl(value: string): boolean {
  return /^https?:\/\//i.test(value) && URL.canParse(value);
}
