import { createHash } from "node:crypto";
import type { Rule } from "../model/rule.ts";

/** A fingerprint of everything a rule says, the same whatever order its keys are in. */
export function ruleHash(rule: Rule): string {
  return createHash("sha256").update(canonical(rule)).digest("hex");
}

function canonical(value: unknown): string {
  if (value instanceof Map) return canonical(Object.fromEntries(value));
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
}
