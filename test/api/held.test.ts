import { createHash } from "node:crypto";
import { beforeAll, expect, it } from "vitest";
import { precedenceNumber, predictionPrecedence } from "../../src/ingest/identity.ts";
import { createPipeline } from "../../src/ingest/pipeline.ts";
import { silentLog } from "../../src/log.ts";
import { message, models, NOW, prediction, predictionOf, useStore } from "../ingest/examples.ts";
import { apiOver } from "../support/api.ts";

const store = useStore();
const tokens = [
  { name: "people", token: "t-read", scopes: ["read"] },
  { name: "operators", token: "t-operate", scopes: ["operate"] },
] as const;
const SECRET = "customer-4711";

beforeAll(async () => {
  const pipeline = createPipeline({ store: store(), models, clock: () => NOW, liveClock: true, log: silentLog });
  await pipeline.ingest([message({ ...prediction, id: SECRET }), message({ ...prediction, id: SECRET, model: "nobody" }, { offset: "7" })]);
});

const ask = (path: string, token: string, method = "GET") =>
  apiOver(store(), [...models.values()], { tokens }).app.request(path, { method, headers: { authorization: `Bearer ${token}` } });

it.each([
  ["GET", "/v1/models/binary/held"],
  ["GET", "/v1/models/binary/held/predictions"],
  ["GET", "/v1/models/binary/counted"],
  ["GET", "/v1/models/binary/due"],
  ["GET", "/v1/dead-letters/origins"],
  ["POST", "/v1/dead-letters/replay"],
])("%s %s is for operators", async (method, path) => {
  expect((await ask(path, "t-read", method)).status).toBe(403);
  expect((await ask(path, "t-operate", method)).status).toBe(200);
});

it("what is held is told in hashes alone", async () => {
  const rows = await (await ask("/v1/models/binary/held/predictions", "t-operate")).text();
  const time = Date.parse(prediction.time);
  expect(JSON.parse(rows)).toEqual({
    rows: [
      [
        createHash("sha256").update(SECRET).digest("hex").slice(0, 16),
        precedenceNumber(predictionPrecedence(predictionOf({ ...prediction, id: SECRET })))
          .toString(16)
          .padStart(32, "0"),
        time,
        2,
      ],
    ],
  });
  expect(rows).not.toContain(SECRET);
  expect(await (await ask("/v1/models/binary/held", "t-operate")).json()).toMatchObject({ predictions: [[time - (time % 3_600_000), 1]] });
  const due = (await (await ask("/v1/models/binary/due", "t-operate")).json()) as { last: number; marks: unknown[] };
  expect(due.marks).toContainEqual({ kind: "features", bucket: time - (time % 3_600_000) });
  expect(await (await ask("/v1/dead-letters/origins", "t-operate")).json()).toEqual({
    items: [["kafka", "events", 3, "7", "unregistered_model"]],
    next_cursor: null,
  });
});

it("parts of the ids together are all of them, once", async () => {
  const pipeline = createPipeline({ store: store(), models, clock: () => NOW, liveClock: true, log: silentLog });
  await pipeline.ingest(Array.from({ length: 50 }, (_, index) => message({ ...prediction, model: "classes", id: `p${index}` })));
  const rowsOf = async (query: string) =>
    ((await (await ask(`/v1/models/classes/held/predictions${query}`, "t-operate")).json()) as { rows: [string][] }).rows.map(([id]) => id);
  const parts = [await rowsOf("?part=0&parts=3"), await rowsOf("?part=1&parts=3"), await rowsOf("?part=2&parts=3")];
  expect(parts.every((part) => part.length > 0 && part.length < 50)).toBe(true);
  expect(parts.flat().sort()).toEqual((await rowsOf("")).sort());
  expect(new Set(parts.flat()).size).toBe(50);
});
