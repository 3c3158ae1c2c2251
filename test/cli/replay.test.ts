import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { connect } from "../../src/cli/connect.ts";
import { workplace } from "../config/workplace.ts";
import { startDaemon, spawnDriftwatch } from "../support/daemon.ts";
import { cli, fakeApi } from "./terminal.ts";

const MODEL = '{task: binary, positive: "yes", bucket: 1h}';
const config = (...models: string[]) => `clock: replay
store: {path: ./data}
models:
${models.map((name) => `  ${name}: ${MODEL}`).join("\n")}
alerts: []
`;
const event = (id: string, model: string) =>
  JSON.stringify({ type: "prediction", id, model, version: "1", time: "2024-05-01T10:00:00Z", features: { x: 1 }, prediction: "yes" });

/** A store that refused two events of a model, and a line of nonsense; the model is configured by now. */
async function mended() {
  const directory = workplace({
    "driftwatch.yaml": config("one"),
    "events.ndjson": [event("a", "two"), "nonsense", event("b", "two")].join("\n"),
  });
  const file = join(directory, "driftwatch.yaml");
  const ask = (...argv: string[]) => cli([...argv, "-c", file], { connect });
  expect((await ask("ingest", join(directory, "events.ndjson"))).out).toContain("0 events taken, 3 rejected");
  writeFileSync(file, config("one", "two"));
  return { directory, ask };
}

it("what was refused is taken again once it can be, and says so", async () => {
  const { directory, ask } = await mended();
  expect((await ask("dead-letters", "replay", "--dry-run")).out).toBe(
    "3 dead letters: 2 would be taken, 1 would be refused again (invalid_json).\n",
  );
  expect((await ask("verify", join(directory, "events.ndjson"), "--json")).out).toContain('"unregistered_model": 2');
  expect((await ask("dead-letters", "replay", "--since", "2090-01-01")).out).toBe("There is no dead letter to take again.\n");

  const taken = await ask("dead-letters", "replay", "--reason", "unregistered_model");
  expect(taken).toMatchObject({ code: 0, out: "2 dead letters: 2 taken.\n", err: expect.stringContaining("The daemon counts") });
  expect(JSON.parse((await ask("dead-letters", "replay", "--json")).out)).toEqual({
    found: 1,
    taken: 0,
    unavailable: 0,
    refused: { invalid_json: 1 },
    dry_run: false,
  });
  const listed = (await ask("dead-letters")).out;
  expect(listed).toMatch(/ events\.ndjson:1 +unregistered_model +taken /);
  expect(listed).toMatch(/ events\.ndjson:2 +invalid_json +– /);

  const verified = await ask("verify", join(directory, "events.ndjson"), "--json");
  expect(verified.code).toBe(0);
  expect(JSON.parse(verified.out)).toMatchObject({
    accounted: true,
    sources: [{ read: 3, reasons: { invalid_json: 1 }, events: [{ model: "two", stored: 2 }] }],
  });
});

it("beside a daemon, it is the daemon that takes them", async () => {
  const { directory } = await mended();
  const daemon = await startDaemon(directory);
  const run = async (...args: string[]) => {
    const command = spawnDriftwatch(directory, args);
    return { code: await command.exited, out: command.stdout(), err: command.stderr() };
  };
  expect(await run("dead-letters", "replay")).toEqual({
    code: 0,
    out: "3 dead letters: 2 taken, 1 refused again (invalid_json).\n",
    err: "",
  });
  expect(await daemon.get("/v1/dead-letters?reason=unregistered_model")).toMatchObject({
    items: [
      { became: "taken", replayed_at: expect.any(String) },
      { became: "taken", replayed_at: expect.any(String) },
    ],
  });
  expect(await daemon.get("/v1/status")).toMatchObject({ ingest: { predictions: 2 } });
  daemon.process.kill("SIGTERM");
  expect(await daemon.exited).toBe(0);
}, 120_000);

it("goes on until there are no more, and adds up", async () => {
  const parts = [
    { found: 500, taken: 499, refused: { empty: 1 }, unavailable: 0, next_cursor: "more" },
    { found: 7, taken: 3, refused: { empty: 1, too_large: 2 }, unavailable: 1, next_cursor: null },
  ];
  const { connection, asked } = fakeApi({
    "/v1/dead-letters/replay": (_, init) => Response.json(init?.method === "POST" ? parts.shift() : null),
  });
  const directory = workplace({ "driftwatch.yaml": config("one") });
  const file = join(directory, "driftwatch.yaml");
  const result = await cli(["dead-letters", "replay", "--since", "2026-06-01", "-c", file], { connect: async () => connection });
  expect(result).toMatchObject({
    code: 0,
    out: "507 dead letters: 502 taken, 2 refused again (empty), 2 refused again (too_large), 1 not to be had any more.\n",
    err: expect.stringContaining("Kafka topic"),
  });
  expect(asked).toEqual([
    "/v1/dead-letters/replay?since=2026-06-01T00%3A00%3A00Z",
    "/v1/dead-letters/replay?since=2026-06-01T00%3A00%3A00Z&cursor=more",
  ]);
});

it("lines that an adapter reads are taken again, and verified, by that adapter", async () => {
  const adapters = `adapters:
  rows: {type: mapped, id: key, model: {path: model}, version: "1", time: at, features: {from: inputs}, prediction: answer}
`;
  const line = (key: string) => JSON.stringify({ key, model: "two", at: "2024-05-01T10:00:00Z", inputs: { x: 1 }, answer: "yes" });
  const directory = workplace({ "driftwatch.yaml": `${adapters}${config("one")}`, "rows.ndjson": [line("a"), line("b")].join("\n") });
  const file = join(directory, "driftwatch.yaml");
  const rows = join(directory, "rows.ndjson");
  const ask = (...argv: string[]) => cli([...argv, "-c", file], { connect });
  expect((await ask("ingest", rows, "--adapter", "rows")).out).toContain("0 events taken, 2 rejected");
  writeFileSync(file, `${adapters}${config("one", "two")}`);
  expect((await ask("dead-letters", "replay")).out).toBe("2 dead letters: 2 taken.\n");
  const verified = await ask("verify", rows, "--adapter", "rows", "--json");
  expect([verified.code, verified.err]).toEqual([0, ""]);
  expect(JSON.parse(verified.out)).toMatchObject({
    accounted: true,
    sources: [{ read: 2, halves: 0, events: [{ model: "two", stored: 2 }] }],
  });
  expect((await ask("verify", rows)).code).toBe(0);
  expect(await ask("verify", rows, "--adapter", "nothing")).toMatchObject({ code: 2, err: expect.stringContaining("There are: rows.") });
});
