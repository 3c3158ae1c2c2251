import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { didYouMean } from "../../src/model/did-you-mean.ts";
import { jsonSchema, rulesJsonSchema } from "../../src/config/json-schema.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ruleHash } from "../../src/alerting/rule-hash.ts";
import { DAY, HOUR, MINUTE } from "../../src/model/time.ts";
import { load, loaded, loadRule, MODEL, workplace } from "./workplace.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const DESIGN = `
kafka: {brokers: ["localhost:9092"], group: driftwatch, topics: {predictions: driftwatch.predictions, labels: driftwatch.labels}, dead_letters: {topic: driftwatch.dead-letters}}
store: {path: ./data}
http:  {host: 127.0.0.1, port: 8080}
models:
  flight-delay:
    task: binary
    positive: late
    bucket: 1h
    labels: {expected_within: 24h}
    baselines:
      training: {by_version: {"2013-q1": {file: reference-2013-q1.ndjson.gz}, "2013-h1": {file: reference-2013-h1.ndjson.gz}}}
      last_week: {window: 7d, offset: 1d}
      champion: {version: "2013-q1"}
channels:
  ml_oncall: {type: email, to: [ml@example.com]}
  ops: {type: webhook, url: "https://example.com/hook", secret: "\${OPS_WEBHOOK_SECRET}"}
retraining:
  flight-delay: {type: webhook, url: "https://example.com/retrain", cooldown: 24h, max_per_day: 2, dry_run: false}
`;

const DESIGN_RULES = `
rules:
  - name: feature-drift
    measure: {metric: drift, of: features, baseline: training, window: 1d, every: 1d}
    fire:  {above: {wasserstein: 0.1, psi: 0.1}, false_alarms: 0.01}
    clear: {below: {wasserstein: 0.05, psi: 0.05}, for: 2}
    for: 2
    at_least: {rows: 50}
    severity: warning
    notify: [ml_oncall]
  - name: accuracy-drop
    measure: {metric: accuracy, window: 7d, every: 1d, baseline: training}
    fire: {drop: 0.03, confidence: 0.99}
    severity: critical
    notify: [ml_oncall, ops]
    retrain: true
`;

it("the design's example loads", () => {
  const directory = workplace({
    "driftwatch.yaml": DESIGN,
    "reference-2013-q1.ndjson.gz": "",
    "reference-2013-h1.ndjson.gz": "",
    "alerts/drift.yaml": DESIGN_RULES,
    "alerts/drift.test.yaml": "not: rules",
  });
  const file = join(directory, "driftwatch.yaml");
  const config = loaded(loadConfig({ file, env: { OPS_WEBHOOK_SECRET: "s3cret" } }));
  expect(config).toEqual({
    file,
    clock: "live",
    kafka: {
      brokers: ["localhost:9092"],
      group: "driftwatch",
      clientId: "driftwatch",
      topics: [
        { topic: "driftwatch.predictions", adapter: null },
        { topic: "driftwatch.labels", adapter: null },
      ],
      deadLetters: { topic: "driftwatch.dead-letters" },
    },
    store: { kind: "embedded", path: join(directory, "data") },
    http: { host: "127.0.0.1", port: 8080, tokens: [], publicUrl: null, cloudevents: null },
    models: new Map([
      [
        "flight-delay",
        {
          name: "flight-delay",
          task: "binary",
          positive: "late",
          bucket: HOUR,
          lateness: 10 * MINUTE,
          labelsExpectedWithin: DAY,
          baselines: [
            {
              kind: "file",
              name: "training",
              file: null,
              byVersion: new Map([
                ["2013-q1", join(directory, "reference-2013-q1.ndjson.gz")],
                ["2013-h1", join(directory, "reference-2013-h1.ndjson.gz")],
              ]),
            },
            { kind: "trailing", name: "last_week", window: 7 * DAY, offset: DAY },
            { kind: "version", name: "champion", version: "2013-q1" },
          ],
        },
      ],
    ]),
    adapters: new Map(),
    outgoing: { allow: [] },
    heartbeat: null,
    channels: new Map<string, unknown>([
      [
        "ml_oncall",
        {
          type: "email",
          name: "ml_oncall",
          repeatEvery: 3 * DAY,
          to: ["ml@example.com"],
          from: "driftwatch@localhost",
          smtp: { host: "localhost", port: 25, secure: false, username: null, password: null },
        },
      ],
      ["ops", { type: "webhook", name: "ops", repeatEvery: 3 * DAY, url: "https://example.com/hook", secret: "s3cret" }],
    ]),
    retraining: new Map([
      [
        "flight-delay",
        {
          model: "flight-delay",
          launcher: { type: "webhook", url: "https://example.com/retrain", secret: null },
          cooldown: DAY,
          maxPerDay: 2,
          dryRun: false,
          approval: false,
          approveWithin: 3 * DAY,
          lease: DAY,
          maxFailures: 3,
          newLabels: 200,
          every: null,
          trainingData: 90 * DAY,
          judge: { metric: null, margin: 0.01, within: 14 * DAY },
          registry: null,
        },
      ],
    ]),
    rules: [
      {
        name: "feature-drift",
        description: "",
        models: null,
        measure: { metric: "drift", of: "features", baseline: "training", window: DAY, every: DAY },
        fire: {
          above: new Map([
            ["wasserstein", 0.1],
            ["psi", 0.1],
          ]),
          drop: null,
          falseAlarms: 0.01,
        },
        clear: {
          below: new Map([
            ["wasserstein", 0.05],
            ["psi", 0.05],
          ]),
          drop: null,
          pValue: 0.2,
          evaluations: 2,
        },
        evaluations: 2,
        atLeastRows: 50,
        severity: "warning",
        notify: ["ml_oncall"],
        retrain: false,
      },
      {
        name: "accuracy-drop",
        description: "",
        models: null,
        measure: { metric: "accuracy", of: null, baseline: "training", window: 7 * DAY, every: DAY },
        fire: { above: new Map(), drop: 0.03, falseAlarms: 0.01 },
        clear: { below: new Map(), drop: 0.015, pValue: 0.2, evaluations: 2 },
        evaluations: 1,
        atLeastRows: 50,
        severity: "critical",
        notify: ["ml_oncall", "ops"],
        retrain: true,
      },
    ],
  });
  expect(Object.isFrozen(config) && Object.isFrozen(config.rules[0]?.measure)).toBe(true);
});

it("what is not said has a default", () => {
  const config = loaded(load("models: {m: {task: regression}}\n"));
  expect(config).toMatchObject({
    clock: "live",
    kafka: null,
    http: { host: "127.0.0.1", port: 8080, tokens: [], publicUrl: null, cloudevents: null },
    outgoing: { allow: [] },
    heartbeat: null,
    rules: [],
  });
  expect(config.store).toEqual({ kind: "embedded", path: join(config.file ?? "", "../data") });
  expect(config.models.get("m")).toEqual({
    name: "m",
    task: "regression",
    positive: null,
    bucket: HOUR,
    lateness: 10 * MINUTE,
    labelsExpectedWithin: DAY,
    baselines: [],
  });
  expect(loaded(load(`${MODEL}retraining: {m: {type: webhook, url: "http://x"}}\n`)).retraining.get("m")).toMatchObject({
    cooldown: DAY,
    maxPerDay: 2,
    dryRun: true,
  });
});

it("channels of every kind load, with their secrets from files", () => {
  const yaml = `${MODEL}channels:
  chat: {type: slack, url_file: chat, repeat_every: 7d}
  team: {type: teams, url: "https://example.com/workflow", repeat_every: 0s}
  pager: {type: pagerduty, routing_key_file: key}
  am: {type: alertmanager, url: "http://am:9093", labels: {team: ml}}
outgoing: {allow: [10.0.0.0/8, "fd00::/8", 192.168.1.7]}
heartbeat: {url_file: beat, every: 5m}
`;
  const config = loaded(load(yaml, { chat: "https://hooks.example.com/T0/B0/x\n", key: "R0UT1NG", beat: "https://beat.example.com/1" }));
  expect([...config.channels.values()]).toEqual([
    { type: "slack", name: "chat", url: "https://hooks.example.com/T0/B0/x", repeatEvery: 7 * DAY },
    { type: "teams", name: "team", url: "https://example.com/workflow", repeatEvery: null },
    { type: "pagerduty", name: "pager", url: "https://events.pagerduty.com/v2/enqueue", routingKey: "R0UT1NG", repeatEvery: null },
    { type: "alertmanager", name: "am", url: "http://am:9093", labels: new Map([["team", "ml"]]), repeatEvery: null },
  ]);
  expect(config.outgoing).toEqual({ allow: ["10.0.0.0/8", "fd00::/8", "192.168.1.7"] });
  expect(config.heartbeat).toEqual({ url: "https://beat.example.com/1", every: 5 * MINUTE });
});

it("addresses that nothing will be sent to are warned of, those that are allowed are not", () => {
  const yaml = (allow: string) => `${MODEL}channels:
  near: {type: webhook, url: "http://localhost:8025/x"}
  inside: {type: alertmanager, url: "http://10.1.2.3:9093"}
  outside: {type: slack, url: "https://hooks.example.com/x"}
retraining: {m: {type: webhook, url: "http://[::1]:1/"}}
heartbeat: {url: "http://169.254.169.254/"}
outgoing: {allow: ${allow}}
`;
  const warned = (allow: string) => {
    const result = load(yaml(allow));
    return result.ok ? result.warnings.filter(({ message }) => message.includes("not public")).map(({ path }) => path) : [];
  };
  expect(warned("[]")).toEqual(["channels.near.url", "channels.inside.url", "retraining.m.url", "heartbeat.url"]);
  expect(warned('[10.0.0.0/8, 127.0.0.1, "::1"]')).toEqual(["heartbeat.url"]);
});

it("the other forms load", () => {
  const yaml = `
clock: replay
store: {url: "https://ch:8443", password_file: pw}
http: {host: "::1", port: "\${PORT}", public_url: "https://d.example.com/", tokens: [{name: a, token: t, scopes: [read, ingest]}]}
models:
  m:
    task: binary
    positive: 1
    bucket: 15m
    baselines:
      all: {file: ref.ndjson}
      period: {from: 2013-01-01, to: "2013-02-01T00:00:00Z"}
channels: {c: {type: email, to: [a@b], smtp: {secure: true, username: u, password: p}}}
`;
  const config = loaded(load(yaml, { pw: "x\n", "ref.ndjson": "" }, { env: { PORT: "9000" } }));
  expect(config.clock).toBe("replay");
  expect(config.store).toEqual({ kind: "server", url: "https://ch:8443", database: "driftwatch", username: "default", password: "x" });
  expect(config.http).toEqual({
    host: "::1",
    port: 9000,
    publicUrl: "https://d.example.com",
    cloudevents: null,
    tokens: [{ name: "a", token: "t", scopes: ["read", "ingest"] }],
  });
  expect(config.models.get("m")).toMatchObject({
    positive: "1",
    baselines: [
      { kind: "file", byVersion: new Map() },
      { kind: "period", from: Date.UTC(2013, 0, 1), to: Date.UTC(2013, 1, 1), version: null },
    ],
  });
  expect(config.channels.get("c")).toMatchObject({ smtp: { port: 465, secure: true, username: "u", password: "p" } });
});

describe("a rule", () => {
  it("takes one number for one metric, and fills in the rest", () => {
    const config = loaded(
      loadRule(
        "measure: {metric: ks, of: [temp, score], baseline: training, window: 6h}\nfire: {above: 0.2}",
        `${MODEL}channels: {a: {type: webhook, url: "http://x"}, b: {type: webhook, url: "http://y"}}\n`,
      ),
    );
    expect(config.rules[0]).toMatchObject({
      measure: { of: ["temp", "score"], window: 6 * HOUR, every: 6 * HOUR },
      fire: { above: new Map([["ks", 0.2]]), falseAlarms: 0.01 },
      clear: { below: new Map([["ks", 0.1]]), pValue: 0.2, evaluations: 2 },
      severity: "warning",
      notify: ["a", "b"],
      retrain: false,
    });
  });

  it("may clear one metric by another number than half", () => {
    const rule =
      "measure: {metric: drift, baseline: training, window: 1d}\nfire: {above: {wasserstein: 0.1, psi: 0.2}}\nclear: {below: {psi: 0.15}}\nnotify: []\nretrain: true";
    expect(loaded(loadRule(rule)).rules[0]).toMatchObject({
      clear: {
        below: new Map([
          ["wasserstein", 0.05],
          ["psi", 0.15],
        ]),
      },
      notify: [],
      retrain: true,
    });
  });

  it("without models applies where it can", () => {
    const models = "models:\n  a: {task: regression, baselines: {training: {window: 7d}}}\n  b: {task: binary, positive: x}\n";
    expect(loaded(loadRule("measure: {metric: psi, baseline: training, window: 1d}\nfire: {above: 0.2}", models)).rules).toHaveLength(1);
  });
});

describe("the files of rules", () => {
  const rule = (name: string) =>
    `rules:\n  - {name: ${name}, measure: {metric: psi, baseline: training, window: 1d}, fire: {above: 0.1}}\n`;
  const names = (yaml: string, files: Record<string, string>, shippedAlerts: string | null = null) =>
    loaded(load(yaml, files, { shippedAlerts })).rules.map(({ name }) => name);
  const shipped = workplace({ "s.yaml": rule("shipped"), "s.test.yaml": "x" });

  it("are those beside the configuration, else the shipped ones", () => {
    expect(names(MODEL, { "alerts/b.yml": rule("b"), "alerts/a.yaml": rule("a"), "alerts/notes.txt": "" }, shipped)).toEqual(["a", "b"]);
    expect(names(MODEL, {}, shipped)).toEqual(["shipped"]);
    expect(names(MODEL, {})).toEqual([]);
  });

  it("may be named: files, directories and patterns, each file once", () => {
    const files = { "x/a.yaml": rule("a"), "x/ab.yaml": rule("ab"), "x/c.yaml": rule("c"), "d.yaml": rule("d") };
    expect(names(`${MODEL}alerts: [d.yaml, "x/a*.yaml", x]\n`, files, shipped)).toEqual(["d", "a", "ab", "c"]);
    expect(names(`${MODEL}alerts: []\n`, files, shipped)).toEqual([]);
  });

  it("when shipped, are only remarked on if they apply to no model", () => {
    const result = load("models: {m: {task: regression}}\n", {}, { shippedAlerts: shipped });
    expect(result.ok && result.warnings).toMatchObject([
      {
        path: "models",
        message: "one of the rules that come with driftwatch applies to no model (shipped): m has no baseline named training",
      },
    ]);
  });
});

describe("the examples", () => {
  it("driftwatch.yaml loads as it stands", () => {
    expect(loadConfig({ file: join(ROOT, "driftwatch.yaml"), env: {}, shippedAlerts: join(ROOT, "alerts") })).toMatchObject({ ok: true });
  });

  it("examples/config/production.yaml loads once its variables are set", () => {
    const env = new Proxy(
      {},
      {
        get: (_, name) =>
          String(name).startsWith("KAFKA") ? "kafka:9092" : String(name).endsWith("URL") ? "https://x.example.com/h" : String(name),
      },
    );
    expect(loaded(loadConfig({ file: join(ROOT, "examples/config/production.yaml"), env })).rules).toHaveLength(2);
  });
});

it("the nearest word is meant", () => {
  expect(didYouMean("bukcet", ["bucket", "task"])).toBe("bucket");
  expect(didYouMean("expectedWithin", ["expected_within"])).toBe("expected_within");
  expect(didYouMean("m", ["n"])).toBe("n");
  expect(didYouMean("colour", ["bucket", "task"])).toBeNull();
});

describe("the hash of a rule", () => {
  const hashes = (rule: string) => loaded(loadRule(rule)).rules.map(ruleHash)[0];
  const base = "measure: {metric: drift, baseline: training, window: 24h}\nfire: {above: {wasserstein: 0.1, psi: 0.1}}";

  it("says what the rule says, however it is written", () => {
    expect(hashes(base)).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes("fire: {above: {psi: 0.1, wasserstein: 0.1}}\nmeasure: {window: 1d, metric: drift, baseline: training}\nfor: 1")).toBe(
      hashes(base),
    );
    expect(hashes(base.replace("psi: 0.1", "psi: 0.2"))).not.toBe(hashes(base));
  });
});

describe("the JSON Schema", () => {
  it("describes what may be written", () => {
    const schema = jsonSchema();
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      required: ["models"],
      additionalProperties: false,
      properties: {
        clock: { enum: ["live", "replay"], default: "live" },
        models: { additionalProperties: { required: ["task"], properties: { bucket: { type: "string", default: "1h" } } } },
        channels: {
          additionalProperties: {
            oneOf: ["email", "webhook", "slack", "teams", "pagerduty", "alertmanager"].map((type) => ({
              properties: { type: { const: type } },
            })),
          },
        },
      },
    });
    expect(rulesJsonSchema()).toMatchObject({ properties: { rules: { items: { required: ["name", "measure", "fire"] } } } });
  });

  it("accepts what loads and refuses what does not", async () => {
    const z = await import("zod");
    const { parse } = await import("yaml");
    const config = z.fromJSONSchema(jsonSchema());
    const rules = z.fromJSONSchema(rulesJsonSchema());
    expect(config.safeParse(parse(DESIGN)).success).toBe(true);
    expect(rules.safeParse(parse(DESIGN_RULES)).success).toBe(true);
    expect(config.safeParse({ ...parse(DESIGN), kakfa: 1 }).success).toBe(false);
    expect(config.safeParse({ models: { m: { task: "binary", bucket: 60 } } }).success).toBe(false);
    expect(rules.safeParse({ rules: [{ name: "r" }] }).success).toBe(false);
  });
});
