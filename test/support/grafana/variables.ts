import type { Span } from "./macros.ts";

/** What is chosen of a variable: one value, several, or "All", which stands for every option or for a text of its own. */
export type Choice = {
  readonly value: string | readonly string[];
  /** What a person sees; the value when not given. */
  readonly text?: string | readonly string[];
  readonly isAll?: boolean;
  /** The text that stands for "All", put in as it is. */
  readonly allValue?: string | null;
};
export type Choices = Readonly<Record<string, Choice>>;

/** Who fills in: the plugin joins several values of a bare `${name}` as a list of literals, Grafana itself writes {a,b}. */
type Place = "query" | "text";

const REFERENCE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;

/**
 * Text with its variables filled in as Grafana does: a name it does not know stays, a value is not looked into again,
 * and nothing is escaped that the format does not escape (`singlequote` leaves backslashes alone).
 */
export function interpolate(text: string, choices: Choices, span: Span, place: Place): string {
  return text.replace(
    REFERENCE,
    (match, bare?: string, square?: string, _format?: string, braced?: string, path?: string, format?: string) => {
      if (square !== undefined)
        throw new Error(`${match} is the old way to write a variable, and might be a nested array: write \${${square}}.`);
      const name = bare ?? braced ?? "";
      if (path !== undefined) return match;
      if (name === "__from" || name === "__to") return moment(name === "__from" ? span.from : span.to, format);
      if (name === "__interval") return written(span.interval);
      if (name === "__interval_ms") return String(span.interval);
      const choice = choices[name];
      if (!choice) {
        if (braced !== undefined && !name.startsWith("__")) throw new Error(`No variable is named ${name}.`);
        return match;
      }
      return filledIn(name, choice, format, place);
    },
  );
}

function filledIn(name: string, choice: Choice, format: string | undefined, place: Place): string {
  const { value, isAll = false, allValue = null } = choice;
  if (format === "text") return isAll ? "All" : [choice.text ?? value].flat().join(" + ");
  if (isAll && allValue !== null) return format === "percentencode" ? encode(allValue) : allValue;
  const values = [value].flat();
  const several = typeof value !== "string";
  const [kind = "", ...options] = (format ?? "").split(":");
  switch (kind) {
    case "":
      if (!several) return value;
      return place === "query" ? `'${values.join("','")}'` : values.length > 1 ? `{${values.join(",")}}` : values.join("");
    case "raw":
    case "csv":
      return values.join(",");
    case "singlequote":
      return values.map((one) => `'${one.replaceAll("'", "\\'")}'`).join(",");
    case "sqlstring":
      return values.map((one) => `'${one.replaceAll("'", "''").replaceAll('"', '\\"')}'`).join(",");
    case "json":
      return several ? JSON.stringify(values) : value;
    case "percentencode":
      return encode(several ? `{${values.join(",")}}` : value);
    case "queryparam":
      return values.map((one) => `var-${name}=${encodeLoosely(isAll ? "$__all" : one)}`).join("&");
    case "customqueryparam":
      return values.map((one) => `${encode(options[0] || name)}=${encode(options[1] ?? "")}${encode(one)}`).join("&");
    default:
      throw new Error(`This test knows no format ${kind} of a variable.`);
  }
}

/** As for RFC 3986: everything but letters, digits and `-._~`. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** As in an address: some signs stay, the dollar among them. */
function encodeLoosely(text: string): string {
  return encode(text)
    .replace(/%(?:40|3A|24|2C|3B)/g, decodeURIComponent)
    .replaceAll("%20", "+");
}

function moment(time: number, format: string | undefined): string {
  if (format === undefined || format === "date:ms") return String(time);
  if (format === "date:seconds") return String(Math.round(time / 1000));
  if (format === "date" || format === "date:iso") return new Date(time).toISOString();
  throw new Error(`This test knows no format ${format} of a time.`);
}

/** A length of time in Grafana's largest unit that fits it whole. */
function written(length: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const;
  const unit = units.find(([, size]) => length >= size && length % size === 0);
  return unit ? `${length / unit[1]}${unit[0]}` : `${length}ms`;
}
