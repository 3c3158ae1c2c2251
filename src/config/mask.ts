import { editDistance } from "../model/did-you-mean.ts";

/** A stretch of the source text that is shown as something else. */
export type Mask = { readonly from: number; readonly to: number; readonly shown: string };

const SECRET_KEYS = ["secret", "password", "token", "passphrase", "api_key", "credentials"];
/** Near a secret's name, and none. */
const PLAIN_KEYS = ["tokens", "secure", "token_url"];
const HIDDEN = "***";

/** Whether a key holds a secret, or is near enough to one that a typing mistake must not print its value. */
function isSecretKey(key: string): boolean {
  const word = key.toLowerCase();
  if (word.endsWith("_file") || PLAIN_KEYS.includes(word)) return false;
  return SECRET_KEYS.some((secret) => word.includes(secret) || editDistance(word, secret) <= 2);
}

/** What to show in place of `source`, the text of the value of `key`; null when it may be shown as it is. */
export function maskedValue(key: string, source: string): string | null {
  if (isSecretKey(key)) return /^["']?\$\{\w+\}["']?\s*$/.test(source) ? null : HIDDEN;
  if (!/url$/i.test(key)) return null;
  // Webhook addresses are secrets themselves: only scheme and host are shown.
  const [, quote = "", scheme = "", user = "", host = ""] = /^(["']?)([\w+.-]+:\/\/)?([^@/?#]*@)?([^/?#"'\s]*)/.exec(source) ?? [];
  const rest = source.slice(quote.length + scheme.length + user.length + host.length);
  if (user === "" && /^\/?["']?\s*$/.test(rest)) return null;
  return `${quote}${scheme}${host}/${HIDDEN}${quote}`;
}

/** One line of `text` as it may be shown; `from` and `to` are its offsets. */
export function maskedLine(text: string, from: number, to: number, masks: readonly Mask[]): string {
  let shown = "";
  let at = from;
  for (const mask of masks.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    if (mask.to <= at || mask.from >= to) continue;
    shown += text.slice(at, Math.max(at, mask.from));
    shown += mask.from < from ? HIDDEN : mask.shown;
    at = Math.min(mask.to, to);
  }
  return maskedText((shown + text.slice(at, to)).trim());
}

/** A key with something behind its colon that is not hidden anyway. Looked for from the start of a word only: there is no other way to read one long word in reasonable time. */
const KEY = /(?<![\w-])([\w-]+)["']?\s*:\s*(?=.)(?!\s|\*\*\*|["']?\$\{\w+\})/g;

/** Catches what no parsed value covers: `token:abc` without its space, and lines of broken YAML. */
export function maskedText(text: string): string {
  let shown = "";
  let at = 0;
  for (const { 0: found, 1: key = "", index } of text.matchAll(KEY)) {
    if (index < at || !isSecretKey(key)) continue;
    shown += `${text.slice(at, index)}${found}${HIDDEN}`;
    const rest = /.*/y;
    rest.lastIndex = index + found.length;
    rest.test(text);
    at = rest.lastIndex;
  }
  return shown + text.slice(at);
}
