import { describe, expect, it } from "vitest";
import { adapterOf, fixture, labelsIn, line, predictionsIn } from "./reading.ts";

const FLAT = `{type: mapped, model: churn, version: "3", id: id, time: at, features: {from: x}, prediction: y, score: p}`;
const flat = (changes: object = {}) =>
  line({ id: "r-1", at: "2026-11-20T10:00:00Z", x: { age: 31, plan: "b", vip: true, gone: null }, y: "yes", p: 0.8, ...changes });

const BENTO = `{type: mapped, preset: bentoml, model: iris, version: v1, time: {timezone: Europe/Zagreb}, prediction: pred, scores: {path: proba, classes: [setosa, versicolor, virginica]}, features: {except: [score]}}`;

describe("BentoML's monitoring log", () => {
  const lines = fixture("bentoml/data.jsonl").trim().split("\n");

  it("becomes predictions: features, class, probabilities, and ids as they are", () => {
    const [prediction] = predictionsIn(adapterOf(BENTO)(line(lines[0])));
    expect(prediction).toMatchObject({
      id: "6044163495924754196",
      model: "iris",
      version: "v1",
      predictedClass: "setosa",
      numbers: new Map([
        ["sepal_length", 5.1],
        ["sepal_width", 3.1],
        ["petal_length", 1.1],
        ["petal_width", 0.2],
      ]),
      scores: new Map([
        ["setosa", 0.984518077107613],
        ["versicolor", 0.015481917143394525],
        ["virginica", 5.74899260842015e-9],
      ]),
    });
    expect(lines.flatMap((each) => predictionsIn(adapterOf(BENTO)(line(each)))).map(({ id }) => id)).toEqual([
      "6044163495924754196",
      "16593313194489720394",
      "5717722017149073871",
    ]);
  });

  it("trap: timestamps are naive local time, and without a fraction where microseconds are 0", () => {
    const at = (timestamp: string) => predictionsIn(adapterOf(BENTO)(line({ ...JSON.parse(lines[0] ?? ""), timestamp })))[0]?.time;
    expect(at("2026-11-21T02:43:04.519404")).toBe(Date.UTC(2026, 10, 21, 1, 43, 4, 519));
    expect(at("2026-11-21T02:43:04")).toBe(Date.UTC(2026, 10, 21, 1, 43, 4));
    expect(at("2026-07-21T02:43:04")).toBe(Date.UTC(2026, 6, 21, 0, 43, 4));
  });

  it("trap: ids are decimals of more than 64 bits; a number that cannot be exact is refused, and nothing is rounded", () => {
    const [one, two] = ["241428163868287731103881799659330620087", "241428163868287731103881799659330620088"].map(
      (request_id) => predictionsIn(adapterOf(BENTO)(line({ ...JSON.parse(lines[0] ?? ""), request_id })))[0]?.id,
    );
    expect(one).not.toBe(two);
    const bare = (lines[0] ?? "").replace('"6044163495924754196"', "6044163495924754196");
    expect(adapterOf(BENTO)(line(bare))).toEqual({
      kind: "rejected",
      reason: "invalid_field",
      message: "id (from request_id) is the number 6044163495924754000, too large to be exact; expected a text.",
    });
  });

  it("trap: no line holds the model or version; the configuration gives both", () => {
    expect(() => adapterOf(BENTO.replace("version: v1, ", ""))).toThrow("`version` is required for predictions");
    expect(() => adapterOf(BENTO.replace("model: iris, ", ""))).toThrow("`model` is required");
  });

  it("trap: column names are the caller's, with spaces too, and reserved ones are no features", () => {
    const [prediction] = predictionsIn(
      adapterOf(BENTO)(line({ "sepal length": 1, "a.b": 2, pred: "x", timestamp: "2026-11-20T00:00:00", request_id: "1", trace_id: "2" })),
    );
    expect([...(prediction?.numbers.keys() ?? [])]).toEqual(["sepal length", "a.b"]);
    expect([...(prediction?.categories.keys() ?? [])]).toEqual([]);
  });

  it("trap: the schema's line is told from a prediction, that of an OTLP collector too", () => {
    expect(adapterOf(BENTO)(line(fixture("bentoml/schema.json")))).toEqual({ kind: "ignored", reason: "schema" });
    expect(adapterOf(BENTO)(line({ bento_meta: {}, columns: [{ name: "a", role: "feature", type: "numerical" }] }))).toEqual({
      kind: "ignored",
      reason: "schema",
    });
  });

  it("trap: all rows that one request logs have its id, so that a column of one's own tells them apart", () => {
    // Two rows, as bentoml 1.4.39 wrote them in one request.
    const rows = [
      '{"x": 1.0, "row": "a-0", "pred": "setosa", "timestamp": "2026-11-21T10:57:17.041697", "request_id": "4784782836594140995", "trace_id": "105787768103943148686055471044612677138"}',
      '{"x": 2.0, "row": "a-1", "pred": "setosa", "timestamp": "2026-11-21T10:57:17.041834", "request_id": "4784782836594140995", "trace_id": "105787768103943148686055471044612677138"}',
    ];
    const adapt = adapterOf("{type: mapped, preset: bentoml, model: iris, version: v1, id: row, prediction: pred}");
    const predictions = rows.flatMap((row) => predictionsIn(adapt(line(row))));
    expect(predictions.map(({ id, numbers, categories }) => [id, [...numbers], [...categories]])).toEqual([
      ["a-0", [["x", 1]], []],
      ["a-1", [["x", 2]], []],
    ]);
  });

  it("trap: an OTLP collector writes the timestamp as seconds with a fraction", () => {
    const [prediction] = predictionsIn(adapterOf(BENTO)(line({ pred: "x", request_id: "1", timestamp: 1_795_228_984.519 })));
    expect(prediction?.time).toBe(1_795_228_984_519);
  });
});

describe("flat JSON", () => {
  it("becomes an event by its mapping", () => {
    const [prediction] = predictionsIn(adapterOf(FLAT)(flat()));
    expect(prediction).toMatchObject({
      id: "r-1",
      model: "churn",
      version: "3",
      time: Date.UTC(2026, 10, 20, 10),
      numbers: new Map([["age", 31]]),
      categories: new Map([
        ["plan", "b"],
        ["vip", "true"],
      ]),
      missing: ["gone"],
      predictedClass: "yes",
      score: 0.8,
    });
  });

  it.each([
    ["features: [age, deep.er]", { age: 1, deep: { er: 2 }, other: 3 }, { age: 1, "deep.er": 2 }],
    ["features: {only: {years: age, first: 'list[0]'}}", { age: 1, list: [5, 6] }, { years: 1, first: 5 }],
    ["features: {prefix: f_}", { f_a: 1, f_b: 2, c: 3 }, { f_a: 1, f_b: 2 }],
    ["features: {prefix: f_, strip_prefix: true}", { f_a: 1, c: 3 }, { a: 1 }],
    ["features: {except: [c]}", { a: 1, c: 3 }, { a: 1 }],
    ["features: {from: 'in[1]', names: [a, b]}", { in: [0, [7, 8]] }, { a: 7, b: 8 }],
    ["features: {from: '[\"odd.name\"].x'}", { "odd.name": { x: { a: 1 } } }, { a: 1 }],
    ["", { a: 1 }, { a: 1 }],
  ])("selects by %s", (features, members, expected) => {
    const adapt = adapterOf(`{type: mapped, model: churn, version: "3", id: id, time: at, score: p, ${features}}`);
    const [prediction] = predictionsIn(adapt(line({ id: "1", at: "2026-11-20T10:00:00Z", p: 0.5, ...members })));
    expect(Object.fromEntries(prediction?.numbers ?? [])).toEqual(expected);
  });

  it.each([
    ["ms", 1_795_228_984_519, 1_795_228_984_519],
    ["s", 1_795_228_984.25, 1_795_228_984_250],
    ["s", "1795228984.25", 1_795_228_984_250],
    ["us", 1_795_228_984_519_404, 1_795_228_984_519],
    ["ns", "1795228984519404123", 1_795_228_984_519],
  ])("reads times in %s", (unit, at, expected) => {
    const adapt = adapterOf(FLAT.replace("time: at", `time: {path: at, unit: ${unit}}`));
    expect(predictionsIn(adapt(flat({ at })))[0]?.time).toBe(expected);
  });

  it("takes a time that is not mapped from the record, and none over HTTP", () => {
    const adapt = adapterOf(FLAT.replace(" time: at,", ""));
    expect(predictionsIn(adapt({ ...flat(), timestamp: Date.UTC(2026, 10, 1) }))[0]?.time).toBe(Date.UTC(2026, 10, 1));
    expect(adapt(flat())).toMatchObject({
      kind: "rejected",
      reason: "missing_field",
      message: expect.stringContaining("time is missing") as string,
    });
  });

  it("names what stands in where the message has nothing", () => {
    const adapt = adapterOf(
      `{type: mapped, model: {path: m, default: churn}, version: {path: v, default: none}, id: id, time: at, score: p, role: {value: shadow}, latency_ms: took}`,
    );
    expect(predictionsIn(adapt(flat()))[0]).toMatchObject({ model: "churn", version: "none", role: "shadow", latencyMs: null });
    expect(predictionsIn(adapt(flat({ m: "churn", v: 7, took: 12.5 })))[0]).toMatchObject({ version: "7", latencyMs: 12.5 });
  });

  it("makes labels, alone and beside their predictions", () => {
    const labels = adapterOf(`{type: mapped, model: churn, id: id, time: at, label: truth, revision: n}`);
    expect(labels(line({ id: "r-1", at: "2026-11-20T10:00:00Z", truth: "no", n: 2 }))).toMatchObject({
      events: [{ type: "label", id: "r-1", label: "no", revision: 2, time: Date.UTC(2026, 10, 20, 10) }],
    });
    expect(labels(line({ id: "r-1" }))).toMatchObject({
      kind: "rejected",
      reason: "missing_field",
      message: expect.stringContaining("label (from truth) is missing") as string,
    });
    const both = adapterOf(FLAT.replace("score: p", "score: p, label: truth, label_time: known"));
    expect(labelsIn(both(flat()))).toEqual([]);
    const adapted = both(flat({ truth: "no", known: "2026-11-21T00:00:00Z" }));
    expect(predictionsIn(adapted)).toHaveLength(1);
    expect(labelsIn(adapted)).toMatchObject([{ label: "no", time: Date.UTC(2026, 10, 21) }]);
  });

  it("turns features into what they are meant to be, and leaves what cannot be", () => {
    const adapt = adapterOf(FLAT.replace("score: p", "score: p, types: {zip: text, age: number, vip: boolean, odd: number}"));
    expect(predictionsIn(adapt(flat({ x: { zip: 10000, age: " 31 ", vip: 1, odd: "many" } })))[0]).toMatchObject({
      numbers: new Map([["age", 31]]),
      categories: new Map([
        ["zip", "10000"],
        ["vip", "true"],
        ["odd", "many"],
      ]),
    });
  });

  it("reaches nothing but what the JSON holds", () => {
    const adapt = adapterOf(
      `{type: mapped, model: churn, version: "1", id: {path: constructor.name, default: none}, time: at, score: p, features: {from: __proto__}}`,
    );
    expect(adapt(line('{"at":"2026-11-20T10:00:00Z","p":1}'))).toMatchObject({
      kind: "rejected",
      message: "The features are nothing; expected an object.",
    });
    const [prediction] = predictionsIn(adapt(line('{"at":"2026-11-20T10:00:00Z","p":1,"__proto__":{"a":1,"__proto__":2}}')));
    expect(prediction).toMatchObject({
      id: "none",
      numbers: new Map([
        ["a", 1],
        ["__proto__", 2],
      ]),
    });
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("a");
  });

  it.each([
    ["no JSON", "{", "invalid_json", "not valid JSON"],
    ["an array", "[]", "not_an_object", "expected one object"],
    ["nesting", `{"x":${"[".repeat(20)}${"]".repeat(20)}}`, "too_deep", "deeper than 16"],
    ["no features", { id: "1", at: "2026-11-20T10:00:00Z", p: 0.5 }, "missing_field", "The features are nothing; expected an object."],
    [
      "features that are a list",
      { id: "1", x: [1], at: "2026-11-20T10:00:00Z", p: 0.5 },
      "invalid_field",
      "expected an object, or names for the list",
    ],
    ["no time", { id: "1", x: {}, p: 0.5 }, "missing_field", "time (from at) is missing"],
    [
      "a time without an offset",
      { id: "1", x: {}, at: "2026-11-20T10:00:00", p: 0.5 },
      "invalid_field",
      "which has no offset; expected one, or a timezone in the configuration",
    ],
    [
      "a time that is none",
      { id: "1", x: {}, at: "soon", p: 0.5 },
      "invalid_field",
      'time (from at) is the text "soon"; expected an RFC 3339 time, or a number of ms',
    ],
    ["seconds for milliseconds", { id: "1", x: {}, at: 1_795_228_984, p: 0.5 }, "invalid_field", "looks like seconds"],
    [
      "a score that is none",
      { id: "1", x: {}, at: "2026-11-20T10:00:00Z", p: "high" },
      "invalid_field",
      'score (from p) is the text "high"; expected the probability',
    ],
    [
      "neither prediction nor score",
      { id: "1", x: {}, at: "2026-11-20T10:00:00Z" },
      "missing_field",
      "prediction is missing, and so are score and scores",
    ],
    ["the future", { id: "1", x: {}, at: "2026-12-20T10:00:00Z", p: 0.5 }, "in_the_future", "time (from at) is 2026-12-20"],
    [
      "too many features",
      { id: "1", x: Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`f${i}`, 1])), at: "2026-11-20T10:00:00Z", p: 0.5 },
      "too_many_features",
      "at most 2000",
    ],
    ["a long name", { id: "1", x: { ["n".repeat(300)]: 1 }, at: "2026-11-20T10:00:00Z", p: 0.5 }, "invalid_field", "at most 256"],
  ])("refuses %s, and says what was expected", (_, value, reason, message) => {
    expect(adapterOf(FLAT)(line(value))).toEqual({ kind: "rejected", reason, message: expect.stringContaining(message) as string });
  });

  it("gives predictions without an id one of their place, but not over HTTP", () => {
    expect(predictionsIn(adapterOf(FLAT)(flat({ id: null })))[0]?.id).toBe("t/0/7");
    const http = flat({ id: null });
    expect(adapterOf(FLAT)({ ...http, origin: { ...http.origin, source: "http" } })).toMatchObject({ reason: "missing_field" });
  });
});

describe("what users of MLflow's serving log", () => {
  const MLFLOW = `{type: mapped, preset: mlflow, model: iris, version: "7", feature_names: [a, b]}`;
  const logged = (request: unknown, response: unknown = { predictions: [0, 2] }, more: object = {}) =>
    line({ request_id: "q", timestamp: "2026-11-20T10:00:00Z", request, response, ...more });

  it.each([
    [
      "dataframe_split",
      {
        dataframe_split: {
          columns: ["a", "b"],
          data: [
            [1, 2],
            [3, 4],
          ],
          index: [0, 1],
        },
      },
    ],
    [
      "dataframe_records",
      {
        dataframe_records: [
          { a: 1, b: 2 },
          { a: 3, b: 4 },
        ],
      },
    ],
    [
      "instances",
      {
        instances: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    [
      "inputs as rows",
      {
        inputs: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    ["inputs as columns", { inputs: { a: [1, 3], b: [2, 4] }, params: { x: 1 } }],
  ])("reads %s, a row a prediction", (_, request) => {
    const predictions = predictionsIn(adapterOf(MLFLOW)(logged(request)));
    expect(predictions.map(({ id, predictedClass, numbers }) => [id, predictedClass, Object.fromEntries(numbers)])).toEqual([
      ["q#0/2", "0", { a: 1, b: 2 }],
      ["q#1/2", "2", { a: 3, b: 4 }],
    ]);
  });

  it("reads bodies kept as text, and a single row keeps the id", () => {
    const predictions = predictionsIn(
      adapterOf(MLFLOW)(logged(JSON.stringify({ instances: [[1, 2]] }), JSON.stringify({ predictions: [1] }))),
    );
    expect(predictions.map(({ id }) => id)).toEqual(["q"]);
  });

  it("reads answers of several parts by their names", () => {
    const adapt = adapterOf(MLFLOW.replace("feature_names", "prediction: label, scores: {path: proba, classes: [x, y]}, feature_names"));
    const [prediction] = predictionsIn(adapt(logged({ instances: [[1, 2]] }, { predictions: [{ label: "x", proba: [0.75, 0.25] }] })));
    expect(prediction).toMatchObject({
      predictedClass: "x",
      scores: new Map([
        ["x", 0.75],
        ["y", 0.25],
      ]),
    });
  });

  it.each([
    [
      {},
      { predictions: [1] },
      "missing_field",
      "The request has no input; expected one of instances, inputs, dataframe_split, dataframe_records.",
    ],
    [{ instances: [[1, 2]], inputs: [[1, 2]] }, { predictions: [1] }, "missing_field", "more than one input (instances, inputs)"],
    [{ instances: [[1, 2]] }, { error_code: "BAD_REQUEST" }, "missing_field", "The answer has neither predictions nor outputs with data."],
    [{ instances: [[1, 2]] }, { predictions: [1, 2] }, "invalid_field", "The request has 1 rows, and the answer 2; expected as many."],
    [
      { instances: [[1, 2, 3]] },
      { predictions: [1] },
      "invalid_field",
      "instances[0] holds 3 values, and there are 2 names; the adapter's feature_names name them in order.",
    ],
    [{ instances: [] }, { predictions: [] }, "missing_field", "There is no row in instances."],
    ["{", { predictions: [1] }, "invalid_json", "request: The message is not valid JSON"],
    [null, { predictions: [1] }, "missing_field", "The request is null; expected an object, or its JSON as text."],
    [{ inputs: { a: [1], b: [1, 2] } }, { predictions: [1] }, "invalid_field", "lists of equal length"],
    [
      { instances: [[1, 2]] },
      { predictions: [[0.1, 0.9]] },
      "invalid_field",
      "predictions is a list of 2; expected one value. If these are probabilities, the adapter's score or scores say so.",
    ],
  ])("refuses %j with %j", (request, response, reason, message) => {
    expect(adapterOf(MLFLOW)(logged(request, response))).toEqual({
      kind: "rejected",
      reason,
      message: expect.stringContaining(message) as string,
    });
  });

  it("refuses a request of too many rows", () => {
    const request = { instances: Array.from({ length: 10_001 }, () => 1) };
    expect(adapterOf(MLFLOW)(logged(request))).toMatchObject({
      reason: "too_large",
      message: "The message has 10001 rows; at most 10000 are taken.",
    });
  });

  it("takes a request that failed without an answer", () => {
    const adapt = adapterOf(MLFLOW.replace("feature_names", "status: status, feature_names"));
    expect(predictionsIn(adapt(logged({ instances: [[1, 2]] }, null, { status: "error" })))).toMatchObject([
      { status: "error", predictedClass: null },
    ]);
  });
});
