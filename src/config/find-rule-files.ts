import { readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { Document } from "./document.ts";
import { readPart, valueAt } from "./read-part.ts";
import { unreadable, type Surroundings } from "./read-secret.ts";
import { alertsSchema } from "./schema.ts";

/** `shown` is how the user would write the path; `shipped` rules came with the product, and nobody here wrote them. */
export type RuleFile = { readonly path: string; readonly shown: string; readonly shipped: boolean };

/**
 * The files that hold alert rules: those `alerts` names, else all in the directory `alerts` beside the configuration,
 * else the shipped ones.
 */
export function findRuleFiles(document: Document, { directory }: Surroundings, shippedAlerts: string | null): RuleFile[] {
  const written = valueAt(document.data, ["alerts"]);
  const shownDirectory = dirname(document.file);
  const list = (folder: string, pattern: RegExp, shown: string): RuleFile[] => {
    const shipped = shippedAlerts !== null && isSame(folder, shippedAlerts);
    return readdirSync(folder)
      .filter((file) => pattern.test(file) && !/\.test\.ya?ml$/.test(file))
      .toSorted()
      .map((file) => ({ path: join(folder, file), shown: join(shown, file), shipped }));
  };
  if (written === undefined) {
    const beside = resolve(directory, "alerts");
    if (isDirectory(beside)) return list(beside, YAML_FILE, join(shownDirectory, "alerts"));
    return shippedAlerts !== null && isDirectory(shippedAlerts) ? list(shippedAlerts, YAML_FILE, shippedAlerts) : [];
  }
  const found = new Map<string, RuleFile>();
  for (const [index, entry] of (readPart(document, alertsSchema, ["alerts"]) ?? []).entries()) {
    const at = ["alerts", index];
    const path = resolve(directory, entry);
    const shown = isAbsolute(entry) ? entry : join(shownDirectory, entry);
    if (dirname(entry).includes("*")) {
      document.report(at, "only the file name may hold a `*`", "write one entry for each directory");
      continue;
    }
    try {
      const files = isDirectory(path)
        ? list(path, YAML_FILE, shown)
        : /[*?]/.test(basename(entry))
          ? list(dirname(path), wildcard(basename(entry)), dirname(shown))
          : statSync(path) && [{ path, shown, shipped: false }];
      if (files.length === 0)
        document.report(
          at,
          "no file of rules is found here",
          "rules stand in files that end in .yaml; files that end in .test.yaml are left out",
        );
      for (const file of files) found.set(file.path, file);
    } catch (error) {
      document.report(
        at,
        `cannot read the rules: ${unreadable(error)}`,
        `the path starts at the directory of the configuration file, ${directory}`,
      );
    }
  }
  return [...found.values()];
}

const YAML_FILE = /\.ya?ml$/;

function wildcard(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isSame(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
