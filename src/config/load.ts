import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Config } from "../model/settings.ts";
import type { Maintenance, Rule } from "../model/rule.ts";
import { readDocument, type Document } from "./document.ts";
import { findRuleFiles } from "./find-rule-files.ts";
import type { Problem } from "./problem.ts";
import { readAdapters } from "./read-adapters.ts";
import { readChannels, readHeartbeat } from "./read-channels.ts";
import { warnOfForbidden } from "./warn-of-forbidden.ts";
import { warnOfIdle } from "./warn-of-idle.ts";
import { warnOfLinks } from "./warn-of-links.ts";
import { warnOfUnwatched } from "./warn-of-unwatched.ts";
import { checkTopLevel, readHttp, readKafka, readStore } from "./read-connections.ts";
import { readModels } from "./read-models.ts";
import { readPart, valueAt } from "./read-part.ts";
import { readRetraining } from "./read-retraining.ts";
import { readMaintenance, readRules } from "./read-rules.ts";
import { readNamedFile, unreadable } from "./read-secret.ts";
import { clockSchema, outgoingSchema } from "./schema.ts";
import type { Environment } from "./substitute-env.ts";

export type LoadOptions = {
  readonly file: string;
  readonly env: Environment;
  /** Reads the configuration, rules and secrets; of baselines only the existence is looked at. */
  readonly readFile?: (path: string) => string;
  /** The directory of the rules that come with the product, for when there are no others. */
  readonly shippedAlerts?: string | null;
};

export type Loaded =
  /** `warnings` stop nothing, such as a shipped rule that applies to no model. */
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The configuration of `file`, complete and frozen, or everything that is wrong with it. */
export function loadConfig(options: LoadOptions): Loaded {
  const { file, env, readFile = (path: string) => readFileSync(path, "utf8"), shippedAlerts = null } = options;
  const surroundings = { directory: dirname(resolve(file)), readFile };

  const text = attempt(() => readFile(resolve(file)));
  if (!text.ok) {
    const hint = "name the file with --config, or start from the example driftwatch.yaml that comes with the product";
    return { ok: false, problems: [fileProblem(file, `cannot read the configuration: ${text.reason}`, hint)] };
  }
  const document = readDocument(file, text.value, env);
  if (!checkTopLevel(document)) return { ok: false, problems: document.problems() };

  const clock = valueAt(document.data, ["clock"]) === undefined ? "live" : readPart(document, clockSchema, ["clock"]);
  const kafka = readKafka(document, surroundings);
  const store = readStore(document, surroundings);
  const http = readHttp(document, surroundings);
  const documents: Document[] = [document];
  const models = readModels(document, surroundings, (path, named) => {
    const content = readNamedFile(document, surroundings, path, named, "constraints");
    if (content === undefined) return undefined;
    const found = readDocument(isAbsolute(named) ? named : join(dirname(file), named), content, env);
    documents.push(found);
    return found;
  });
  const outgoing = valueAt(document.data, ["outgoing"]) === undefined ? { allow: [] } : readPart(document, outgoingSchema, ["outgoing"]);
  const heartbeat = readHeartbeat(document, surroundings);
  const channels = readChannels(document, surroundings);
  // Names are looked up before values are judged: a mistake in a channel is no mistake in the rules that notify it.
  const modelNames = mappingKeys(document, "models");
  const channelNames = mappingKeys(document, "channels");
  const adapters = readAdapters(document, modelNames);
  const retraining = readRetraining(document, surroundings, modelNames);
  if (outgoing) warnOfForbidden(document, outgoing.allow, { channels, retraining, heartbeat: heartbeat ?? null });

  const unread: Problem[] = [];
  const rules: Rule[] = [];
  const maintenance: Maintenance[] = [];
  const taken = new Map<string, string>();
  const idle = new Map<string, string[]>();
  for (const ruleFile of findRuleFiles(document, surroundings, shippedAlerts)) {
    const content = attempt(() => readFile(ruleFile.path));
    if (!content.ok) {
      unread.push(fileProblem(ruleFile.shown, `cannot read the rules: ${content.reason}`, "make it readable, or move it elsewhere"));
      continue;
    }
    const ruleDocument = readDocument(ruleFile.shown, content.value, env);
    documents.push(ruleDocument);
    maintenance.push(...readMaintenance(ruleDocument, modelNames));
    rules.push(...readRules(ruleDocument, { models, modelNames, channelNames, idle }, ruleFile.shipped, taken));
  }
  warnOfIdle(document, idle);
  if (http) warnOfLinks(document, http, channels);
  warnOfUnwatched(document, models, rules);

  const problems = [...documents.flatMap((each) => each.problems()), ...unread];
  if (problems.length > 0 || !clock || kafka === undefined || !store || !http || !outgoing || heartbeat === undefined) {
    return { ok: false, problems };
  }
  const config: Config = {
    file: resolve(file),
    clock,
    kafka,
    store,
    http,
    models,
    adapters,
    outgoing,
    heartbeat,
    channels,
    retraining,
    rules,
    ...(maintenance.length === 0 ? {} : { maintenance }),
  };
  return { ok: true, config: freeze(config), warnings: documents.flatMap((each) => each.warnings()) };
}

function mappingKeys(document: Document, key: string): string[] {
  return Array.isArray(valueAt(document.data, [key])) ? [] : Object.keys(valueAt(document.data, [key]) ?? {});
}

type Attempt = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly reason: string };

function attempt(read: () => string): Attempt {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    return { ok: false, reason: unreadable(error) };
  }
}

function fileProblem(file: string, message: string, hint: string): Problem {
  return { file, line: 1, column: 1, path: "", message, hint, source: null };
}

function freeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of value instanceof Map ? value.values() : Object.values(value)) freeze(part);
  return Object.freeze(value);
}
