import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { existsSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/cli/connect.ts";
import { workplace } from "../config/workplace.ts";
import { cli, fakeApi } from "./terminal.ts";

const CONFIG = `
clock: replay
store: {path: ./data}
models:
  churn risk: {task: binary, positive: yes_, bucket: 1h, labels: {expected_within: 1h}, baselines: {training: {file: reference.ndjson}}}
`;

/** Hourly predictions; `shift` moves the feature `x`. */
function events(from: number, hours: number, perHour: number, shift: number): string[] {
  return Array.from({ length: hours * perHour }, (_, index) => {
    const at = from + Math.floor(index / perHour) * 3_600_000 + (index % perHour) * 1_000;
    const score = ((index * 7_919) % 1_000) / 1_000;
    return JSON.stringify({
      type: "prediction",
      id: `${at}-${index}`,
      model: "churn risk",
      version: "v1",
      time: new Date(at).toISOString(),
      features: { x: ((index * 104_729) % 1_000) / 100 + shift, plan: index % 3 === 0 ? "a" : "b" },
      prediction: score > 0.5 ? "yes_" : "no",
      score,
    });
  });
}

const REFERENCE = events(Date.UTC(2024, 0, 1), 24 * 20, 5, 0).map(
  (line) => `{"label":"${line.includes('"yes_"') ? "yes_" : "no"}",${line.slice(1)}`,
);
const LIVE = [...events(Date.UTC(2024, 4, 1), 24 * 2 + 1, 10, 30)];

function place(): { file: string; directory: string } {
  const directory = workplace({
    "driftwatch.yaml": CONFIG,
    "reference.ndjson": REFERENCE.join("\n"),
    "alerts/none.yaml": "rules: []\n",
    "live.ndjson": `${LIVE.join("\n")}\nnot json\n{"type":"prediction"}\n`,
  });
  return { directory, file: join(directory, "driftwatch.yaml") };
}

describe("files that cannot be read", () => {
  it("are found before a store is made", async () => {
    const { file, directory } = place();
    expect(await cli(["ingest", "-c", file, join(directory, "nothing.ndjson")], { connect })).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/There is no file .*\n {2}hint: /),
    });
    expect(existsSync(join(directory, "data"))).toBe(false);
  });
});

describe("with a daemon", () => {
  it("posts batches, asks a busy one again, and tells lines from indexes", async () => {
    const { file, directory } = place();
    const sizes: number[] = [];
    let busy = 2;
    const { connection } = fakeApi({
      "/v1/events": async (_, init) => {
        if (busy-- > 0) return Response.json({ detail: "Busy." }, { status: 503, headers: { "retry-after": "0" } });
        const lines = (await new Response(init?.body ?? "").text()).trimEnd().split("\n");
        sizes.push(lines.length);
        const rejected = lines.flatMap((line, index) =>
          line === "x" ? [{ index, reason: "invalid_json", message: "This is no JSON." }] : [],
        );
        return Response.json({ accepted: lines.length - rejected.length, rejected });
      },
    });
    const long = join(directory, "long.ndjson");
    writeFileSync(long, [...Array.from({ length: 1_500 }, () => "{}"), "x", ...Array.from({ length: 1_000 }, () => "{}")].join("\n"));
    const { code, out } = await cli(["ingest", "-c", file, "--json", "--fail-on", "rejected", long], { connect: async () => connection });
    expect(code).toBe(1);
    expect(sizes).toEqual([1_000, 1_000, 501]);
    expect(JSON.parse(out)).toMatchObject({
      accepted: 2_500,
      rejected: 1,
      measured: null,
      reasons: [{ reason: "invalid_json", count: 1, examples: [{ file: long, line: 1_501, message: "This is no JSON." }] }],
    });
  });

  it("says what went in before a damaged file stopped it", async () => {
    const { file, directory } = place();
    const { connection } = fakeApi({ "/v1/events": () => Response.json({ accepted: 1_000, rejected: [] }) });
    const cut = join(directory, "cut.gz");
    writeFileSync(cut, gzipSync(LIVE.join("\n")).subarray(0, -2_000));
    const whole = join(directory, "whole.ndjson");
    writeFileSync(whole, Array.from({ length: 4_000 }, () => "{}").join("\n"));
    const { code, err } = await cli(["ingest", "-c", file, whole, cut], { connect: async () => connection });
    expect(code).toBe(1);
    expect(err).toMatch(/events came in before this stopped.*\nerror: The gzip file .* ends too early\.\n {2}hint: /);
  });
});

describe("on a real store of its own", () => {
  it("takes events, measures them, and answers every question", async () => {
    const { file, directory } = place();
    const ask = (...argv: string[]) => cli([...argv, "-c", file], { connect });

    const taken = await ask("ingest", "--order", "time", join(directory, "live.ndjson"));
    expect(taken).toMatchObject({ code: 0 });
    expect(taken.out).toContain(`${LIVE.length} events taken, 2 rejected`);
    expect(taken.out).toMatch(/invalid_json +1 +.*live\.ndjson:491 /);

    const drift = await ask("drift", "--fail-on", "drift");
    expect(drift.code).toBe(3);
    expect(drift.out).toMatch(/^x +wasserstein .* drift /m);
    const spot = await ask("drift", "--from", "2024-05-01", "--to", "2024-05-02", "--feature", "x", "--json");
    expect(JSON.parse(spot.out)).toMatchObject({
      feature: "x",
      metric: "wasserstein",
      from: "2024-05-01T00:00:00Z",
      rows: { current: 240 },
    });
    // The newest event came at midnight; less ten minutes of lateness, the bucket before is the last whole one.
    expect((await ask("drift", "--last", "1d", "--feature", "x", "--json")).out).toContain('"to":"2024-05-02T23:00:00Z"');
    expect(await ask("drift", "--last", "999999y")).toMatchObject({ code: 2, err: expect.stringContaining("begins before 1970") });
    const misspelt = await ask("drift", "--from", "2024-05-01", "--to", "2024-05-02", "--feature", "y\u0007", "--segment", "nope");
    expect(misspelt.err).toContain("segment nope");
    expect(misspelt.err).not.toContain("\u0007");
    expect(misspelt.err).not.toContain("Send events");
    expect(await ask("drift", "--from", "2024-05-01T00:30:00Z", "--to", "2024-05-02")).toMatchObject({
      code: 2,
      err: expect.stringContaining("hint:"),
    });

    expect((await ask("baseline", "list")).out).toMatch(/training +all +2,400 +2,400 /);
    expect((await ask("baseline", "create")).code).toBe(0);
    expect((await ask("dead-letters", "--json")).out.trimEnd().split("\n")).toHaveLength(2);
    expect(await ask("alerts", "--fail-on", "firing")).toMatchObject({ code: 0, err: expect.stringContaining("No alert.") });
    expect((await ask("performance")).code).toBe(0);
    expect((await ask("retrain", "list")).code).toBe(0);
    expect(await ask("migrate")).toMatchObject({ code: 0, out: expect.stringContaining("up to date") });
  });
});

describe("lines of another system", () => {
  const lines = `{"request_id":"1","timestamp":"2024-05-01T00:00:00","x":1,"pred":"yes_"}\n{"meta_data":{},"columns":[{"role":"feature"}]}\n{"request_id":"2"}\n`;
  const withAdapter = () => {
    const { file, directory } = place();
    writeFileSync(file, `${CONFIG}adapters:\n  log: {type: mapped, preset: bentoml, model: churn risk, version: v1, prediction: pred}\n`);
    writeFileSync(join(directory, "data.log"), lines);
    return { file, directory };
  };

  it("are taken by the adapter that is named", async () => {
    const { file, directory } = withAdapter();
    const { code, out } = await cli(["ingest", "-c", file, join(directory, "data.log"), "--adapter", "log", "--json"], { connect });
    expect([code, JSON.parse(out)]).toMatchObject([0, { accepted: 1, rejected: 1, reasons: [{ reason: "missing_field", count: 1 }] }]);
  });

  it("are refused where there is none of that name, before a store is made", async () => {
    const { file, directory } = withAdapter();
    expect(await cli(["ingest", "-c", file, join(directory, "data.log"), "--adapter", "lag"], { connect })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no adapter lag of type mapped[\s\S]*There are: log/),
    });
    expect(existsSync(join(directory, "data"))).toBe(false);
  });
});
