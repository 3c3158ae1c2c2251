import { describe, expect, it } from "vitest";
import { readHalfBody } from "../../../src/ingest/adapters/half-body.ts";
import { boundHeaders, boundKey, type Message } from "../../../src/ingest/source.ts";
import type { Half } from "../../../src/model/event.ts";
import { adapterOf, captured, halfIn, line, mlserverRecords, NOW } from "./reading.ts";

const KSERVE = "{type: cloudevents, services: {sklearn-iris: {feature_names: [a, b, c, d]}}}";
const MLSERVER = "{type: cloudevents, services: {iris: {feature_names: [a, b, c, d]}}}";
const FLOWER = { a: 5.1, b: 3.5, c: 1.4, d: 0.2 };

const bodyOf = ({ body }: Half) => JSON.parse(JSON.stringify(readHalfBody(body))) as ReturnType<typeof readHalfBody>;

/** A captured request with other headers or another body. */
function changed(name: string, headers: Readonly<Record<string, string | null>>, body?: unknown): Message {
  const message = captured(name);
  const entries = new Map(message.headers);
  for (const [header, value] of Object.entries(headers)) {
    if (value === null) entries.delete(header);
    else entries.set(header, value);
  }
  return {
    ...message,
    headers: entries,
    ...(body === undefined ? {} : { bytes: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) }),
  };
}

describe("KServe's agent", () => {
  it("V1: a request and its answer are two halves of as many predictions as rows", () => {
    const [request, response] = ["01-v1-request", "02-v1-response"].map((name) => halfIn(adapterOf(KSERVE)(captured(name))));
    expect(request).toMatchObject({
      adapter: "it",
      model: "sklearn-iris",
      scope: "prod/predictor",
      id: "b943f10c-e883-41db-af39-9431f076b20e",
      rows: 2,
      side: "request",
    });
    expect(bodyOf(request!).rows).toEqual([{ features: FLOWER }, { features: { a: 6.2, b: 3.4, c: 5.4, d: 2.3 } }]);
    expect(response).toMatchObject({ model: "sklearn-iris", scope: request?.scope, id: request?.id, rows: 2, side: "response" });
    expect(bodyOf(response!)).toEqual({ version: "default", rows: [{ prediction: 10.2 }, { prediction: 17.3 }] });
  });

  it("V2: the same, with its nulls", () => {
    const [request, response] = ["05-v2-request", "06-v2-response"].map((name) => halfIn(adapterOf(KSERVE)(captured(name))));
    expect(bodyOf(request!).rows).toEqual([{ features: FLOWER }]);
    expect(bodyOf(response!)).toEqual({ version: "default", rows: [{ prediction: 10.2 }] });
  });

  it("trap: Ce-Time has up to nine digits, trailing zeros trimmed, and is when it happened, not Ce-Recordedtime", () => {
    const time = (text: string) => halfIn(adapterOf(KSERVE)(changed("01-v1-request", { "ce-time": text }))).time;
    expect(time("2026-11-21T03:10:22.620625379Z")).toBe(Date.UTC(2026, 10, 21, 3, 10, 22, 620) * 1000 + 625);
    expect(time("2026-11-21T03:10:24.0747794Z")).toBe(Date.UTC(2026, 10, 21, 3, 10, 24, 74) * 1000 + 779);
    expect(time("2026-11-21T03:10:24Z")).toBe(Date.UTC(2026, 10, 21, 3, 10, 24) * 1000);
    expect(time("2026-11-21T04:10:24.5+01:00")).toBe(Date.UTC(2026, 10, 21, 3, 10, 24, 500) * 1000);
  });

  it("trap: Ce-Metadata holds arrays as JSON, and Ce-Recordedtime is in no list: neither is in the way", () => {
    expect(adapterOf(KSERVE)(changed("01-v1-request", { "ce-metadata": '{"X-Request-Id":["xr-1"]}' })).kind).toBe("half");
  });

  it("trap: Ce-Endpoint may be empty: then the version has to be given", () => {
    expect(adapterOf(KSERVE)(changed("02-v1-response", { "ce-endpoint": "" }))).toEqual({
      kind: "rejected",
      reason: "missing_field",
      message:
        "Nobody says which version answered; expected model_version in the body, ce-endpoint, or the service's version in the adapter.",
    });
    const given = adapterOf('{type: cloudevents, services: {sklearn-iris: {version: "3"}}}');
    expect(bodyOf(halfIn(given(changed("02-v1-response", { "ce-endpoint": "" })))).version).toBe("3");
  });

  it("trap: health checks and metadata are logged as inference, without a body or a content type: ignored", () => {
    const adapt = adapterOf(KSERVE);
    expect(adapt(captured("08-GET-health-request"))).toEqual({ kind: "ignored", reason: "health_check" });
    for (const body of [
      { ready: true },
      { live: true },
      { name: "iris", ready: true },
      { status: "alive" },
      { models: ["iris"] },
      { name: "kserve", version: "0.21", extensions: [] },
      {
        name: "iris",
        versions: ["1"],
        platform: "",
        inputs: [{ name: "input-0", datatype: "FP64", shape: [-1, 4] }],
        outputs: [{ name: "score", datatype: "FP64", shape: [-1] }],
      },
    ])
      expect(adapt(changed("02-v1-response", { "content-type": null }, body))).toEqual({ kind: "ignored", reason: "health_check" });
  });

  it("trap: a rejected prediction is a request like any other", () => {
    expect(halfIn(adapterOf(KSERVE)(captured("07-v1-request-rejected-404-no-response-follows")))).toMatchObject({
      side: "request",
      rows: 1,
    });
  });

  it("trap: a caller's Ce-Id comes again: time and content tell requests apart", () => {
    const adapt = adapterOf(KSERVE);
    const [one, later, other] = [
      captured("01-v1-request"),
      changed("01-v1-request", { "ce-time": "2026-11-21T03:10:23Z" }),
      changed(
        "01-v1-request",
        {},
        {
          instances: [
            [1, 2, 3, 4],
            [1, 2, 3, 4],
          ],
        },
      ),
    ].map((message) => halfIn(adapt(message)));
    expect(new Set([one?.id, later?.id, other?.id]).size).toBe(1);
    expect(one?.time).not.toBe(later?.time);
    expect(one?.digest).not.toBe(other?.digest);
  });

  it("trap: the model is named by the inference service alone, V1 and V2 are told by the body, and the body's id is not the event's", () => {
    const half = halfIn(adapterOf(KSERVE)(captured("05-v2-request")));
    expect([half.id, half.model]).toEqual(["db2d238d-f3bf-4d64-b325-7b6970e22ef3", "sklearn-iris"]);
    expect(adapterOf(KSERVE)(changed("05-v2-request", { "ce-inferenceservicename": "other" }))).toMatchObject({
      reason: "unregistered_model",
      message:
        'The event is of the text "prod/other" and the text "other"; expected the name of a model, or one of the adapter\'s services.',
    });
    expect(adapterOf(KSERVE)(changed("05-v2-request", { "ce-inferenceservicename": null }))).toMatchObject({
      reason: "missing_field",
      message: expect.stringContaining("names no model") as string,
    });
  });

  it("services may be told apart by namespace, and be called otherwise here", () => {
    const adapt = adapterOf("{type: cloudevents, services: {prod/sklearn-iris: {model: price}, sklearn-iris: {model: sklearn-iris}}}");
    expect(halfIn(adapt(captured("02-v1-response"))).model).toBe("price");
    expect(halfIn(adapt(changed("02-v1-response", { "ce-namespace": "test" }))).model).toBe("sklearn-iris");
  });

  it("other components of a service are ignored, unless they are asked for", () => {
    const transformer = changed("01-v1-request", { "ce-component": "transformer" });
    expect(adapterOf(KSERVE)(transformer)).toEqual({ kind: "ignored", reason: "other_component" });
    expect(halfIn(adapterOf(KSERVE.replace("{type", "{components: [transformer], type"))(transformer)).scope).toBe("prod/transformer");
  });

  it("trap: FP32 inputs print as 10.199999809, and stay so", () => {
    const [row] = bodyOf(halfIn(adapterOf(KSERVE)(changed("01-v1-request", {}, '{"instances":[[10.199999809,1,2,3]]}')))).rows;
    expect(row?.["features"]).toMatchObject({ a: expect.closeTo(10.2, 6) as number });
  });

  it("trap: its python server answers CloudEvents by other names, with a new id", () => {
    const half = halfIn(
      adapterOf(KSERVE)(
        changed("02-v1-response", {
          "ce-type": "io.kserve.inference.response",
          "ce-id": "new",
          "ce-time": "2026-11-21T03:10:22.628062+00:00",
        }),
      ),
    );
    expect(half).toMatchObject({ side: "response", id: "new" });
  });
});

describe("MLServer's Kafka bridge", () => {
  const [withKey, , withoutKey, failing, ...outputs] = mlserverRecords();

  it("trap: headers are as in HTTP, specversion 0.3, and there is no time: that of the record", () => {
    const half = halfIn(adapterOf(MLSERVER)(outputs[0]!));
    expect(half).toMatchObject({ model: "iris", id: "req-0001", side: "response", rows: 2, time: (NOW - 60_000 + 10) * 1000 });
    expect(bodyOf(half)).toEqual({ version: "v0.1.0", rows: [{ prediction: 1 }, { prediction: 1 }] });
  });

  it("trap: the input has no CloudEvent headers: its key is the id and overrides the body's, which counts without one", () => {
    const halves = [withKey, withoutKey].map((record) => halfIn(adapterOf(MLSERVER)(record!)));
    expect(halves.map(({ id, side, model }) => [id, side, model])).toEqual([
      ["req-0001", "request", "iris"],
      ["body-id", "request", "iris"],
    ]);
    expect(bodyOf(halves[0]!).rows[0]).toEqual({ features: FLOWER });
  });

  it("input and output of one request have the same scope", () => {
    const adapt = adapterOf(MLSERVER);
    expect(halfIn(adapt(outputs[0]!)).scope).toBe(halfIn(adapt(withKey!)).scope);
  });

  it("trap: with mlserver-method it fails, and no error record is ever made: a request like any other", () => {
    expect(halfIn(adapterOf(MLSERVER)(failing!))).toMatchObject({ id: "req-0004", side: "request" });
  });

  it("an input without a value is no health check: MLServer has none", () => {
    expect(adapterOf(MLSERVER)({ ...withKey!, bytes: null })).toMatchObject({ kind: "rejected", reason: "empty" });
  });

  it("trap: a 1-D result has shape [2,1] and flat data", () => {
    expect(bodyOf(halfIn(adapterOf(MLSERVER)(outputs[1]!))).rows).toEqual([{ prediction: 1 }, { prediction: 1 }]);
  });
});

describe("the envelope", () => {
  const request = { instances: [[5.1, 3.5, 1.4, 0.2]] };
  const attributes = {
    specversion: "1.0",
    id: "e-1",
    source: "/s",
    type: "org.kubeflow.serving.inference.request",
    time: "2026-11-21T03:10:22Z",
    inferenceservicename: "sklearn-iris",
  };
  const binary = (prefix: string, form: (name: string) => string = (name) => name) =>
    line(request, { headers: boundHeaders(Object.entries(attributes).map(([name, value]) => [form(`${prefix}${name}`), value] as const)) });
  const structured = (event: unknown, type = "application/cloudevents+json; charset=UTF-8") =>
    line(event, { headers: boundHeaders([["Content-Type", type]]) });

  it("is read from headers of Kafka and of HTTP in any case, and from the body", () => {
    const adapt = adapterOf(KSERVE);
    const halves = [
      binary("ce_"),
      binary("ce-"),
      binary("Ce-"),
      binary("ce_", (name) => name.toUpperCase()),
      structured({ ...attributes, data: request }),
      structured({ ...attributes, data: JSON.stringify(request) }, "APPLICATION/CloudEvents+JSON"),
      structured({ ...attributes, data_base64: Buffer.from(JSON.stringify(request)).toString("base64") }),
    ].map((message) => halfIn(adapt(message)));
    for (const half of halves) expect({ ...half, digest: "" }).toEqual({ ...halves[0], digest: "" });
    expect(halves[0]).toMatchObject({ id: "e-1", rows: 1, scope: "/" });
    expect(adapt(structured(attributes))).toEqual({ kind: "ignored", reason: "health_check" });
  });

  it.each([
    ["no CloudEvent", line(request), "missing_field", "neither headers such as ce-type or ce_type"],
    [
      "no specversion",
      line(request, { headers: boundHeaders([["ce-type", "x"]]) }),
      "missing_field",
      "specversion is nothing; expected 1.0 or 0.3.",
    ],
    [
      "another specversion",
      structured({ ...attributes, specversion: "2.0" }),
      "invalid_field",
      'specversion is the text "2.0"; expected 1.0 or 0.3.',
    ],
    [
      "another type",
      structured({ ...attributes, type: "io.seldon.serving.feedback" }),
      "unknown_type",
      "expected one such as org.kubeflow.serving.inference.request or ….response.",
    ],
    ["no type", structured({ specversion: "1.0" }), "missing_field", "type is nothing"],
    ["no id", structured({ ...attributes, id: undefined, data: request }), "missing_field", "has no id"],
    ["a long id", structured({ ...attributes, id: "i".repeat(480), data: request }), "invalid_field", "has 480 characters; at most 472"],
    ["no time over HTTP", structured({ ...attributes, time: undefined, data: request }), "missing_field", "expected ce-time"],
    [
      "a time that is none",
      structured({ ...attributes, time: "now", data: request }),
      "invalid_field",
      'time is the text "now"; expected an RFC 3339 time.',
    ],
    ["the future", structured({ ...attributes, time: "2027-01-01T00:00:00Z", data: request }), "in_the_future", "events later than"],
    ["data that is no object", structured({ ...attributes, data: [1] }), "not_an_object", "data is a list of 1; expected an object."],
    ["broken data", structured({ ...attributes, data: "{" }), "invalid_json", "not valid JSON"],
    ["a broken event", structured("{"), "invalid_json", "not valid JSON"],
    ["a body of nothing known", structured({ ...attributes, data: { rows: [] } }), "missing_field", "The request has no input"],
    [
      "too many features",
      structured({ ...attributes, data: { instances: [Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`f${i}`, i]))] } }),
      "too_many_features",
      "at most 2000",
    ],
    [
      "a bad row among good ones",
      structured({ ...attributes, data: { instances: [{ a: 1 }, { ["n".repeat(300)]: 1 }] } }),
      "invalid_field",
      "Row 1: features has a name of 300 characters",
    ],
  ])("refuses %s, and says what was expected", (_, message, reason, text) => {
    expect(adapterOf(KSERVE)(message)).toEqual({ kind: "rejected", reason, message: expect.stringContaining(text) as string });
  });

  it("keeps headers and keys to a bound, and cuts none short", () => {
    const many = boundHeaders(Array.from({ length: 100 }, (_, index) => [`H-${index}`, "v"] as const));
    expect([many.size, many.get("h-0")]).toEqual([64, "v"]);
    expect([
      ...boundHeaders([
        ["a", "x".repeat(9_000)],
        ["n".repeat(300), "x"],
        ["b", "y"],
      ]),
    ]).toEqual([["b", "y"]]);
    expect([boundKey(Buffer.from("k")), boundKey(Buffer.alloc(0)), boundKey(null), boundKey(Buffer.alloc(513))]).toEqual([
      "k",
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("bodies", () => {
  const request = (data: unknown, features = "feature_names: [a, b]") =>
    adapterOf(`{type: cloudevents, services: {iris: {${features}}}}`)(
      line(data, { timestamp: NOW, key: "k", headers: boundHeaders([["mlserver-model", "iris"]]) }),
    );
  const answer = (data: unknown, outputs = "") =>
    adapterOf(`{type: cloudevents, services: {iris: {version: "1", ${outputs}}}}`)(
      line(data, {
        timestamp: NOW,
        headers: boundHeaders([
          ["ce-specversion", "1.0"],
          ["ce-id", "1"],
          ["ce-modelid", "iris"],
          ["ce-type", "io.seldon.serving.inference.response"],
        ]),
      }),
    );
  const tensor = (shape: unknown, data: unknown, name = "x") => ({ name, shape, datatype: "FP64", data });
  const features = (adapted: ReturnType<typeof request>) => bodyOf(halfIn(adapted)).rows.map((row) => row["features"]);

  it("V2: flat and nested data are the same, and nulls are missing values", () => {
    const rows = [
      { a: 1, b: null },
      { a: 3, b: 4 },
    ];
    expect(features(request({ inputs: [tensor([2, 2], [1, null, 3, 4])] }))).toEqual(rows);
    expect(
      features(
        request({
          inputs: [
            tensor(
              [2, 2],
              [
                [1, null],
                [3, 4],
              ],
            ),
          ],
        }),
      ),
    ).toEqual(rows);
  });

  it("V2: a tensor a column is called as it is; as many names as tensors name these, wide ones being embeddings", () => {
    const columns = { inputs: [tensor([2, 1], [1, 2], "age"), tensor([2], ["x", "y"], "plan")] };
    expect(features(request(columns, ""))).toEqual([
      { age: 1, plan: "x" },
      { age: 2, plan: "y" },
    ]);
    expect(features(request(columns))).toEqual([
      { a: 1, b: "x" },
      { a: 2, b: "y" },
    ]);
    expect(features(request({ inputs: [tensor([2, 3], [1, 2, 3, 4, 5, 6]), tensor([2], [7, 8])] }))).toEqual([
      { a: [1, 2, 3], b: 7 },
      { a: [4, 5, 6], b: 8 },
    ]);
  });

  it("many rows of the same features take no more room than they came in", () => {
    const names = Array.from({ length: 50 }, (_, index) => `feature_number_${index}`);
    const rows = Array.from({ length: 1_000 }, (_, row) => names.map((_, index) => (row + index) % 10));
    const half = halfIn(request({ instances: rows }, `feature_names: [${names.join(", ")}]`));
    expect(half.body.length).toBeLessThan(JSON.stringify(rows).length + 2_000);
    expect(bodyOf(half).rows[999]).toEqual({ features: Object.fromEntries(names.map((name, index) => [name, (999 + index) % 10])) });
  });

  it("rows of different features keep theirs, whatever they are called", () => {
    const data = '{"instances":[{"a":1,"__proto__":2},{"__proto__":3,"a":null},{"a":4}]}';
    const two = halfIn(request(data.replace(',{"a":4}', ""), ""));
    const three = halfIn(request(data, ""));
    expect(two.body).toContain('"names":["a","__proto__"]');
    const text = (half: Half) => JSON.stringify(readHalfBody(half.body).rows);
    expect(text(two)).toBe('[{"features":{"a":1,"__proto__":2}},{"features":{"a":null,"__proto__":3}}]');
    expect(text(three)).toBe('[{"features":{"a":1,"__proto__":2}},{"features":{"__proto__":3,"a":null}},{"features":{"a":4}}]');
  });

  it("V1: rows may be objects, and single values where there is one name", () => {
    expect(features(request({ instances: [{ x: 1 }, { x: 2 }] }, ""))).toEqual([{ x: 1 }, { x: 2 }]);
    expect(features(request({ instances: [1, 2] }, "feature_names: [only]"))).toEqual([{ only: 1 }, { only: 2 }]);
    expect(features(request({ instances: [[1, 2, 3]] }, "feature_names: [embedding]"))).toEqual([{ embedding: [1, 2, 3] }]);
  });

  it.each([
    [{ inputs: [tensor([2, 2], [1, 2, 3])] }, "inputs[0].data holds 3 values; its shape [2,2] says 4."],
    [{ inputs: [tensor("2", [1])] }, 'inputs[0].shape is the text "2"; expected a list of whole numbers.'],
    [{ inputs: [tensor([-1, 2], [1, 2])] }, "expected a list of whole numbers"],
    [{ inputs: [tensor([1, 3], [1, 2, 3])] }, "inputs has 3 columns, and there are 2 names"],
    [{ inputs: [tensor([1], [1]), tensor([2], [1, 2])] }, "inputs has tensors of 1 and of 2 rows; expected as many in each."],
    [{ instances: "rows" }, 'instances is the text "rows"; expected a list.'],
  ])("refuses the request %j", (data, message) => {
    expect(request(data)).toMatchObject({ kind: "rejected", reason: "invalid_field", message: expect.stringContaining(message) as string });
  });

  it("columns nobody names are refused, with what to do", () => {
    expect(request({ inputs: [tensor([1, 2], [1, 2])] }, "")).toMatchObject({
      message: "inputs has 2 columns, and nobody says what they are called; the adapter's feature_names name them in order.",
    });
    expect(request({ instances: [[1, 2]] }, "")).toMatchObject({
      message: "instances[0] holds 2 values, and nobody says what they are called; the adapter's feature_names name them in order.",
    });
  });

  const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const whole = (data: unknown, member = "data") =>
    adapterOf(KSERVE)(
      line(
        {
          specversion: "1.0",
          id: "h",
          type: "org.kubeflow.serving.inference.request",
          time: "2026-11-21T03:10:22Z",
          inferenceservicename: "sklearn-iris",
          [member]: data,
        },
        { headers: boundHeaders([["content-type", "application/cloudevents+json"]]) },
      ),
    );

  it.each<[string, () => ReturnType<typeof request>, string]>([
    ["10 MB", () => request(`{"instances":[${"0,".repeat(5_000_000)}0]}`), "too_large"],
    ["10 MB within an event", () => whole(`{"instances":[${"0,".repeat(5_000_000)}0]}`), "too_large"],
    ["nesting", () => request(`{"instances":${deep(100_000)}}`), "too_deep"],
    ["nesting in a text within an event", () => whole(`{"instances":${deep(100_000)}}`), "too_deep"],
    ["nesting in Base64", () => whole(Buffer.from(`{"instances":${deep(100_000)}}`).toString("base64"), "data_base64"), "too_deep"],
    ["more rows than are taken", () => request({ instances: Array.from({ length: 10_001 }, () => [1, 2]) }), "too_large"],
    ["a shape of more rows than there are atoms", () => request({ inputs: [tensor([1e15, 2], [1, 2])] }), "too_large"],
    ["a shape of no end", () => request({ inputs: [tensor([1, 9e15, 9e15, 9e15], [1, 2])] }), "invalid_field"],
    [
      "a shape of many dimensions",
      () =>
        request({
          inputs: [
            tensor(
              Array.from({ length: 100_000 }, () => 2),
              [1, 2],
            ),
          ],
        }),
      "invalid_field",
    ],
    ["rows without columns", () => request({ inputs: [tensor([10_000, 0], [])] }), "invalid_field"],
    [
      "many tensors",
      () => request({ inputs: Array.from({ length: 15_000 }, (_, index) => tensor([1], [1], `t${index}`)) }, ""),
      "too_many_features",
    ],
    ["columns of an object", () => request({ inputs: { a: [1], b: { length: 1 } } }), "invalid_field"],
  ])("refuses %s", (_, make, reason) => {
    expect(make()).toMatchObject({ kind: "rejected", reason });
  });

  it("__proto__ is a name like any other, and changes nothing else", () => {
    expect(request('{"__proto__":{"instances":[{"x":1}]}}', "")).toMatchObject({ reason: "missing_field" });
    const tensors = '{"inputs":[{"name":"__proto__","shape":[1],"data":[1]},{"name":"constructor","shape":[1],"data":[2]}]}';
    expect(readHalfBody(halfIn(request(tensors, "")).body)).toMatchObject({
      rows: [{ features: JSON.parse('{"__proto__":1,"constructor":2}') as object }],
    });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each([
    ["", { outputs: [tensor([2, 1], [1, 2])] }, [{ prediction: 1 }, { prediction: 2 }]],
    ["", { outputs: [tensor([1], ["late"], "predict"), tensor([1, 2], [0.1, 0.9], "predict_proba")] }, [{ prediction: "late" }]],
    [
      "prediction: predict, scores: {path: predict_proba, classes: [n, y]}",
      { outputs: [tensor([1], ["y"], "predict"), tensor([1, 2], [0.1, 0.9], "predict_proba")] },
      [{ prediction: "y", scores: { n: 0.1, y: 0.9 } }],
    ],
    [
      "prediction: {path: x, classes: [setosa, versicolor]}",
      { outputs: [tensor([2], [1, 0])] },
      [{ prediction: "versicolor" }, { prediction: "setosa" }],
    ],
    ["score: 'predictions[1]'", { predictions: [[0.25, 0.75]] }, [{ score: 0.75 }]],
    ["", { predictions: [[0.5], [0.25]] }, [{ prediction: 0.5 }, { prediction: 0.25 }]],
    ["prediction: label, score: p", { predictions: [{ label: "y", p: 0.5 }] }, [{ prediction: "y", score: 0.5 }]],
  ])("with {%s} the answer %j is as it should be", (outputs, data, rows) => {
    expect(bodyOf(halfIn(answer(data, outputs))).rows).toEqual(rows);
  });

  it.each([
    [
      "",
      { outputs: [tensor([1], [1], "one"), tensor([1], [1], "two")] },
      "invalid_field",
      "The answer has the parts one, two; the adapter's prediction, score and scores say which is what.",
    ],
    [
      "",
      { outputs: [tensor([1, 2], [0.1, 0.9])] },
      "invalid_field",
      "x is a list of 2; expected one value. If these are probabilities, the adapter's score or scores say so.",
    ],
    [
      "prediction: {path: x, classes: [a]}",
      { outputs: [tensor([1], [1])] },
      "invalid_field",
      "x is the number 1; expected a whole number from 0 to 0, a place among classes.",
    ],
    [
      "scores: {path: x, classes: [a]}",
      { outputs: [tensor([1, 2], [0.1, 0.9])] },
      "invalid_field",
      "x is a list of 2; expected a list of 1, one a class.",
    ],
    ["score: gone", { predictions: [0.5] }, "missing_field", "prediction is missing, and so are score and scores"],
    ["", { error: "no" }, "missing_field", "The answer has neither predictions nor outputs with data."],
  ])("with {%s} the answer %j is refused", (outputs, data, reason, message) => {
    expect(answer(data, outputs)).toEqual({ kind: "rejected", reason, message: expect.stringContaining(message) as string });
  });
});
