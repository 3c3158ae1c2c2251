import { describe, expect, it } from "vitest";
import { jsonSchema } from "../../src/config/json-schema.ts";
import { load, loaded, problemsOf } from "./workplace.ts";

const MODELS = 'models: {m: {task: binary, positive: "yes"}, other: {task: regression}}\n';
const adapter = (settings: string) => `${MODELS}adapters:\n  it: ${settings}\n`;
const MAPPED = 'type: mapped, model: m, version: "1", score: p';

it("an adapter is complete once it is loaded", () => {
  const { adapters, kafka, http } = loaded(
    load(`${MODELS}
kafka:
  brokers: [localhost:9092]
  topics: [driftwatch.predictions, {topic: in, adapter: serving}, {topic: out, adapter: serving}, {topic: bento, adapter: log}]
adapters:
  log: {type: mapped, preset: bentoml, model: m, version: {path: v, default: none}, score: 'proba[1]', time: {timezone: Europe/Zagreb}, features: {except: [pred]}}
  serving: {type: cloudevents, services: {iris: {model: other, feature_names: [a, b]}}, within: 5m, unanswered: error}
`),
  );
  expect(kafka?.topics).toEqual([
    { topic: "driftwatch.predictions", adapter: null },
    { topic: "in", adapter: "serving" },
    { topic: "out", adapter: "serving" },
    { topic: "bento", adapter: "log" },
  ]);
  expect(http.cloudevents).toBe("serving");
  const source = (path: readonly (string | number)[], written: string, fallback: unknown = null) => ({ path, written, fallback });
  expect(adapters.get("log")).toEqual({
    type: "mapped",
    name: "log",
    fields: new Map<string, unknown>([
      ["model", { path: null, written: "", fallback: "m" }],
      ["version", source(["v"], "v", "none")],
      ["id", source(["request_id"], "request_id")],
    ]),
    time: { ...source(["timestamp"], "timestamp"), unit: "s", timezone: "Europe/Zagreb" },
    labelTime: null,
    features: { from: null, only: null, except: ["timestamp", "request_id", "trace_id", "pred"], prefix: "", strip: false, names: null },
    types: new Map(),
    bodies: null,
    featureNames: null,
    outputs: { prediction: null, score: source(["proba", 1], "proba[1]"), scores: null },
    bentoSchema: true,
  });
  expect(adapters.get("serving")).toEqual({
    type: "cloudevents",
    name: "serving",
    services: new Map([
      [
        "iris",
        {
          model: "other",
          version: null,
          featureNames: ["a", "b"],
          types: new Map(),
          outputs: { prediction: null, score: null, scores: null },
        },
      ],
    ]),
    components: ["predictor"],
    within: 300_000,
    keep: 86_400_000,
    unanswered: "error",
  });
});

describe("what is wrong with an adapter", () => {
  it.each([
    ["no type", adapter("{model: m}"), "adapters.it.type", /`type` is required/, /one of mapped, cloudevents/],
    ["another type", adapter("{type: maped}"), "adapters.it.type", /one of mapped, cloudevents/, /did you mean `mapped`/],
    ["an unknown key", adapter(`{${MAPPED}, feature: [a]}`), "adapters.it.feature", /unknown key/, /did you mean `features`/],
    [
      "a path that is none",
      adapter(`{${MAPPED}, id: "a..b"}`),
      "adapters.it.id",
      /expected a path such as request.id/,
      /\{value: …\} is a constant/,
    ],
    [
      "a path of too many steps",
      adapter(`{${MAPPED}, request: "${"a.".repeat(16)}a", response: b}`),
      "adapters.it.request",
      /expected a path/,
      /in\.quotes/,
    ],
    [
      "a model that is not there",
      adapter('{type: mapped, model: n, version: "1", score: p}'),
      "adapters.it.model",
      /no model named n/,
      /did you mean|there are/,
    ],
    ["no version", adapter("{type: mapped, model: m, score: p}"), "adapters.it", /`version` is required for predictions/, /meta\.version/],
    [
      "nothing to make",
      adapter('{type: mapped, model: m, version: "1"}'),
      "adapters.it",
      /neither predictions nor labels/,
      /where the `prediction`/,
    ],
    ["a request without an answer", adapter(`{${MAPPED}, request: a}`), "adapters.it", /go together/, /where in the message/],
    [
      "a label for many rows",
      adapter(`{${MAPPED}, request: a, response: b, label: c}`),
      "adapters.it.label",
      /no one label/,
      /messages of their own/,
    ],
    [
      "features of a request",
      adapter(`{${MAPPED}, request: a, response: b, features: [c]}`),
      "adapters.it.features",
      /those of the request/,
      /feature_names/,
    ],
    [
      "a time zone that is none",
      adapter(`{${MAPPED}, time: {path: t, timezone: Middle/Earth}}`),
      "adapters.it.time.timezone",
      /name of a time zone/,
      /Europe\/Zagreb/,
    ],
    [
      "an offset for a zone",
      adapter(`{${MAPPED}, time: {path: t, timezone: "+01:00"}}`),
      "adapters.it.time.timezone",
      /name of a time zone/,
      /UTC/,
    ],
    ["another unit", adapter(`{${MAPPED}, time: {path: t, unit: m}}`), "adapters.it.time.unit", /one of s, ms, us, ns/, /./],
    [
      "another type of a feature",
      adapter(`{${MAPPED}, types: {a: float}}`),
      "adapters.it.types.a",
      /one of number, text, boolean/,
      /zip_code: text/,
    ],
    [
      "a service of no model",
      adapter("{type: cloudevents, services: {iris: {}}}"),
      "adapters.it.services.iris",
      /no model named iris/,
      /there are: m, other/,
    ],
    [
      "a service of another model",
      adapter("{type: cloudevents, services: {iris: {model: othr}}}"),
      "adapters.it.services.iris.model",
      /no model named othr/,
      /did you mean `other`/,
    ],
    ["too short a memory", adapter("{type: cloudevents, within: 1h, keep: 90m}"), "adapters.it.keep", /at least 2h/, /remembered/],
    [
      "a topic of no adapter",
      `${adapter(`{${MAPPED}}`)}kafka: {brokers: ["b:1"], topics: [{topic: t, adapter: its}]}`,
      "kafka.topics[0].adapter",
      /no adapter named its/,
      /did you mean `it`/,
    ],
    ["a topic twice", `${MODELS}kafka: {brokers: ["b:1"], topics: [t, t]}`, "kafka.topics[1]", /given twice/, /read once/],
    ["no topics", `${MODELS}kafka: {brokers: ["b:1"], topics: []}`, "kafka.topics", /at least one topic/, /mlserver-output/],
    [
      "CloudEvents for another type",
      `${adapter(`{${MAPPED}}`)}http: {cloudevents: it}`,
      "http.cloudevents",
      /not of type cloudevents/,
      /name one/,
    ],
  ])("%s", (_, yaml, path, message, hint) => {
    expect(problemsOf(load(yaml)).map((problem) => [problem.path, problem.message, problem.hint])).toEqual([
      [path, expect.stringMatching(message), expect.stringMatching(hint)],
    ]);
  });
});

it("the schema for editors knows adapters", () => {
  const { properties } = jsonSchema() as {
    properties: Record<string, { additionalProperties?: { oneOf?: unknown[]; anyOf?: unknown[] } }>;
  };
  const kinds = properties["adapters"]?.additionalProperties;
  expect((kinds?.oneOf ?? kinds?.anyOf)?.length).toBe(2);
});
