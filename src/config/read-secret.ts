import { resolve } from "node:path";
import type { Document } from "./document.ts";
import { formatPath, type Path } from "./problem.ts";

/** What reading a configuration may touch outside its own text. */
export type Surroundings = {
  /** Where relative paths start: the directory of the configuration file. */
  readonly directory: string;
  readonly readFile: (path: string) => string;
};

/** Why a file could not be read, in words. */
export function unreadable(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "it may not be read by this user";
  if (code === "EISDIR") return "it is a directory";
  return code === "" ? "it cannot be read" : `it cannot be read (${code})`;
}

type SecretKey = "secret" | "routing_key" | "url" | "client_secret" | "password" | "passphrase" | "token";
type SecretValues = { readonly [Key in SecretKey | `${SecretKey}_file`]?: string | undefined };

/** A secret from `key` or the file of `key_file`; null when neither is given, undefined when there is a problem. */
export function readSecret(
  document: Document,
  surroundings: Surroundings,
  path: Path,
  key: SecretKey,
  values: SecretValues,
): string | null | undefined {
  const value = values[key];
  const file = values[`${key}_file`];
  const filePath = [...path, `${key}_file`];
  if (value !== undefined && file !== undefined) {
    document.report(filePath, `one of \`${key}\` and \`${key}_file\`, not both`, "remove one of them");
    return undefined;
  }
  return file === undefined ? (value ?? null) : readNamedFile(document, surroundings, filePath, file, key);
}

/** The text of a file that the value at `path` names, without its last line break; undefined when there is a problem. */
export function readNamedFile(
  document: Document,
  { directory, readFile }: Surroundings,
  path: Path,
  file: string,
  what: string,
): string | undefined {
  try {
    const content = readFile(resolve(directory, file)).replace(/\r?\n$/, "");
    if (content !== "") return content;
    document.report(path, "the file is empty", `it should hold the ${what} and nothing else`);
  } catch (error) {
    document.report(
      path,
      `cannot read the file: ${unreadable(error)}`,
      `${formatPath(path)} starts at the directory of the configuration file`,
    );
  }
  return undefined;
}
