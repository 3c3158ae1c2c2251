import { createHash } from "node:crypto";
import type { Rule } from "../model/rule.ts";
import type { Config } from "../model/settings.ts";

/** A hash of what a rule says: the same for the same rule however it was written, another when anything differs. */
export function ruleHash(rule: Rule): string {
  return hash(rule);
}

/** A hash of the whole configuration, secrets included: it tells that something changed, and not what. */
export function configHash(config: Config): string {
  return hash(config);
}

function hash(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex");
}

/** JSON with sorted keys. A map is told from an object, and its order does not count. */
function canonical(value: unknown): string {
  if (value instanceof Map) return `map${canonical(Object.fromEntries(value))}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(",")}}`;
}
