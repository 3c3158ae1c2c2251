import { expect, test } from "vitest";
import { MINUTE } from "../../src/model/time.ts";
import { createCall } from "../../src/notify/guarded-call.ts";
import { askMlflow } from "../../src/retrain/mlflow.ts";
import { scriptedServer } from "../support/scripted-server.ts";

const call = createCall({ allow: ["127.0.0.1"] });
const ALIAS = "GET /ml/api/2.0/mlflow/registered-models/alias?name=flight+delay&alias=champion";
const settings = (url: string) =>
  ({
    type: "mlflow",
    url: `${url}/ml/`,
    name: "flight delay",
    alias: "champion",
    login: null,
    version: "v{version}",
    every: MINUTE,
  }) as const;

test.each([
  [
    "the version behind an alias",
    { status: 200, json: { model_version: { name: "flight delay", version: "7" } } },
    { ok: true, version: "7" },
  ],
  [
    "an alias nobody set",
    { status: 400, json: { error_code: "INVALID_PARAMETER_VALUE", message: "Registered model alias champion not found." } },
    { ok: true, version: null },
  ],
  [
    "a wrong request is no answer",
    { status: 400, json: { error_code: "INVALID_PARAMETER_VALUE", message: "Model name cannot be empty." } },
    { ok: false, detail: "MLflow answered HTTP 400 INVALID_PARAMETER_VALUE" },
  ],
  [
    "an unknown model",
    { status: 404, json: { error_code: "RESOURCE_DOES_NOT_EXIST" } },
    { ok: false, detail: "MLflow answered HTTP 404 RESOURCE_DOES_NOT_EXIST" },
  ],
  ["a server in trouble", { status: 502 }, { ok: false, detail: "MLflow answered HTTP 502" }],
  ["nonsense", { status: 200, json: { model_version: { version: null } } }, { ok: false, detail: "MLflow's answer has no version" }],
])("%s", async (_name, answer, expected) => {
  const { url } = await scriptedServer({ [ALIAS]: answer });
  expect(await askMlflow(call, settings(url))).toEqual(expected);
});

test.each([
  [{ username: "dw", password: "p" }, `Basic ${Buffer.from("dw:p").toString("base64")}`],
  [{ token: "t" }, "Bearer t"],
  [null, ""],
])("who asks", async (login, authorization) => {
  const { url, asked } = await scriptedServer({ [ALIAS]: { status: 200, json: { model_version: { version: "1" } } } });
  await askMlflow(call, { ...settings(url), login });
  expect(asked.map((one) => one.authorization)).toEqual([authorization]);
});
