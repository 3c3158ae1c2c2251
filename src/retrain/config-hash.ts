import { createHash } from "node:crypto";
import type { RetrainingSettings } from "../model/settings.ts";

const SECRET = new Set(["secret", "token", "password"]);

/** Which settings a decision was made by. Secrets do not count: changing one changes no decision, and none can be guessed from it. */
export function configHash(settings: RetrainingSettings | null): string {
  const text = JSON.stringify(settings, (key, value: unknown) => {
    if (SECRET.has(key)) return value !== null;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
