import { resolve } from "node:path";
import type * as z from "zod";
import { isLoopback } from "../model/address.ts";
import type { HttpSettings, KafkaSasl, KafkaSettings, KafkaTopic, StoreSettings } from "../model/settings.ts";
import type { Document } from "./document.ts";
import { checkAdapter, onlyAdapter } from "./read-adapters.ts";
import { readKafkaSasl, readKafkaSsl } from "./read-kafka-security.ts";
import { isMapping, readPart, reportType, reportUnknownKey, valueAt } from "./read-part.ts";
import { readSecret, type Surroundings } from "./read-secret.ts";
import { configSchema, httpSchema, kafkaSchema, storeSchemas } from "./schema.ts";

/** Null when no Kafka is configured; undefined when there is a problem. */
export function readKafka(document: Document, surroundings: Surroundings): KafkaSettings | null | undefined {
  if (valueAt(document.data, ["kafka"]) === undefined) return null;
  const kafka = readPart(document, kafkaSchema, ["kafka"], ["ssl", "sasl"]);
  const ssl = readKafkaSsl(document, surroundings);
  const sasl = readKafkaSasl(document, surroundings);
  if (!kafka || ssl === undefined || sasl === undefined) return undefined;
  if (kafka.dead_letters !== undefined && Object.values(kafka.topics).includes(kafka.dead_letters.topic))
    document.report(
      ["kafka", "dead_letters", "topic"],
      "events are read from this topic: what is refused would come back for ever",
      "name another topic",
    );
  if (sasl !== null) warnOfClearText(document, kafka.brokers, ssl !== null, sasl);
  return {
    brokers: kafka.brokers,
    group: kafka.group,
    clientId: kafka.client_id,
    ...(ssl === null ? {} : { ssl }),
    ...(sasl === null ? {} : { sasl }),
    topics: readTopics(document, kafka.topics),
    ...(kafka.dead_letters === undefined ? {} : { deadLetters: kafka.dead_letters }),
  };
}

/** The topics, each once. */
function readTopics(document: Document, written: z.output<typeof kafkaSchema>["topics"]): KafkaTopic[] {
  if (!Array.isArray(written)) return [...new Set([written.predictions, written.labels])].map((topic) => ({ topic, adapter: null }));
  const topics: KafkaTopic[] = [];
  for (const [index, entry] of written.entries()) {
    const { topic, adapter } = typeof entry === "string" ? { topic: entry, adapter: null } : entry;
    if (topics.some((other) => other.topic === topic))
      document.report(["kafka", "topics", index], `the topic ${topic} is given twice`, "keep one of the two: a message is read once");
    if (adapter !== null) checkAdapter(document, ["kafka", "topics", index, "adapter"], adapter);
    topics.push({ topic, adapter });
  }
  return topics;
}

/** Of secrets that anybody between here and there could read. SCRAM sends none. */
function warnOfClearText(document: Document, brokers: readonly string[], encrypted: boolean, sasl: KafkaSasl): void {
  const near = brokers.every((broker) => isLoopback(broker.replace(/:\d+$/, "")));
  if (!encrypted && !near && (sasl.mechanism === "PLAIN" || sasl.mechanism === "OAUTHBEARER"))
    document.warn(["kafka", "sasl"], `${sasl.mechanism} without TLS shows its secret to everybody on the way`, "add `ssl: true`");
  if (sasl.mechanism !== "OAUTHBEARER") return;
  const { protocol, hostname } = new URL(sasl.tokenUrl);
  if (protocol === "http:" && !isLoopback(hostname))
    document.warn(["kafka", "sasl", "token_url"], "the client's secret goes to this address unencrypted", "use its https address");
}

/** The store: embedded in `./data` when nothing is said. */
export function readStore(document: Document, surroundings: Surroundings): StoreSettings | undefined {
  const raw = valueAt(document.data, ["store"]);
  if (raw === undefined) return { kind: "embedded", path: resolve(surroundings.directory, "data") };
  if (!isMapping(raw)) {
    reportType(document, ["store"], "object", raw);
    return undefined;
  }
  const { path, url } = storeSchemas;
  if ("path" in raw === "url" in raw) {
    document.report(["store"], "expected exactly one of `path` and `url`", "`path` for the embedded store, `url` for a ClickHouse server");
    const known = [...Object.keys(path.shape), ...Object.keys(url.shape)];
    for (const key of Object.keys(raw)) if (!known.includes(key)) reportUnknownKey(document, ["store"], key, known);
    return undefined;
  }
  if ("path" in raw) {
    const store = readPart(document, path, ["store"]);
    return store && { kind: "embedded", path: resolve(surroundings.directory, store.path) };
  }
  const store = readPart(document, url, ["store"]);
  const password = store && readSecret(document, surroundings, ["store"], "password", store);
  if (!store || password === undefined) return undefined;
  return { kind: "server", url: store.url, database: store.database, username: store.username, password: password ?? "" };
}

/** The HTTP side, which must not be open to a network without tokens. */
export function readHttp(document: Document, surroundings: Surroundings): HttpSettings | undefined {
  const raw = valueAt(document.data, ["http"]);
  const http = raw === undefined ? httpSchema.parse({}) : readPart(document, httpSchema, ["http"]);
  if (!http) return undefined;
  const tokens: HttpSettings["tokens"][number][] = [];
  for (const [index, entry] of http.tokens.entries()) {
    const path = ["http", "tokens", index];
    const token = readSecret(document, surroundings, path, "token", entry);
    if (token === null) document.report(path, "expected one of `token` and `token_file`", "as in token: ${DRIFTWATCH_TOKEN}");
    if (tokens.some((other) => other.name === entry.name)) {
      document.report(
        [...path, "name"],
        `a token named ${entry.name} exists already`,
        "each token needs a name of its own: it stands in the log",
      );
    }
    if (tokens.some((other) => other.token === token)) {
      document.report(path, "another entry has the same token", "give each user a token of their own, or both scopes to one");
    }
    if (typeof token === "string") tokens.push({ name: entry.name, token, scopes: entry.scopes });
  }
  if (!isLoopback(http.host) && http.tokens.length === 0) {
    document.report(
      ["http", "host"],
      "without tokens, only this machine may connect: anyone who reaches this address could send events and silence alerts",
      "add `tokens: [{name: ops, token: ${DRIFTWATCH_TOKEN}, scopes: [ingest, read, operate]}]`, or use host 127.0.0.1",
    );
  }
  if (http.cloudevents !== undefined) checkAdapter(document, ["http", "cloudevents"], http.cloudevents, "cloudevents");
  return {
    host: http.host,
    port: http.port,
    tokens,
    publicUrl: http.public_url?.replace(/\/+$/, "") ?? null,
    cloudevents: http.cloudevents ?? onlyAdapter(document, "cloudevents"),
  };
}

/** Reports what is no mapping at all, and top-level keys nobody knows. False when nothing below can be read. */
export function checkTopLevel(document: Document): boolean {
  if (document.data === undefined) return false;
  if (!isMapping(document.data)) {
    reportType(document, [], "object", document.data);
    return false;
  }
  const known = Object.keys(configSchema.shape);
  for (const key of Object.keys(document.data)) if (!known.includes(key)) reportUnknownKey(document, [], key, known);
  return true;
}
