import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { workplace } from "../config/workplace.ts";
import { cli, configFile, fakeApi, items, measurement, MODEL } from "./terminal.ts";

const PATH = `/v1/models/${encodeURIComponent(MODEL)}`;
const file = configFile();
const HOSTILE = "a\u001b]0;owned\u0007\u009b2J\u202eb\u2028c\r\nd";
// oxlint-disable-next-line no-control-regex
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/;

function run(argv: readonly string[], answers: Parameters<typeof fakeApi>[0], columns: number | null = null) {
  const api = fakeApi(answers);
  return cli([...argv, "-c", file], { connect: async () => api.connection, columns }).then((outcome) => ({ ...outcome, ...api }));
}

describe("drift", () => {
  const calm = { ...measurement, feature: "temp", value: 0.06, p_value: 0.4 };
  const older = { ...measurement, feature: "old", from: "2024-06-06T00:00:00Z", to: "2024-06-07T00:00:00Z" };
  const week = { ...measurement, feature: "week", from: "2024-06-01T00:00:00Z" };
  const category = {
    ...calm,
    feature: "carrier",
    metric: "psi",
    value: 0.02,
    detail: { bins: [{ bin: "UA", reference: 0.2, current: 0.3 }] },
  };
  const shown = { ...measurement, metric: "psi", value: 9 };

  it("shows the newest, shortest window, what moved first, by the metric that judges", async () => {
    const { code, out, asked } = await run(["drift"], { [`${PATH}/drift`]: items([calm, measurement, shown, category, week, older]) });
    expect(code).toBe(0);
    expect(asked).toEqual([`${PATH}/drift?limit=500`]);
    const lines = out.split("\n");
    expect(lines[0]).toBe(`${MODEL}, 7 Jun 2024 00:00 UTC to 8 Jun 2024 00:00 UTC (1d), version v1, against training`);
    expect(lines[2]).toMatch(/^SUBJECT +METRIC +VALUE +EXPECTED +P +ROWS +REFERENCE +STATUS +EVIDENCE +LARGEST CHANGE$/);
    expect(lines[3]).toMatch(
      /^visib +wasserstein +0\.61 +0\.05 +< 0\.0001 +834 +23,148 +drift +30 baseline windows +\(9\.9, 10\]: 80% → 10%$/,
    );
    expect(lines[4]).toMatch(/^temp +wasserstein .* 0\.4 /);
    expect(lines[5]).toMatch(/^carrier +psi .* UA: 20% → 30%$/);
    expect(out).toContain("1 of 3 subjects drifted: visib.");
    expect(out).not.toMatch(/week|old/);
  });

  it("shows exact values beside those from counts, where they were promised to lie, and tells where they do not", async () => {
    const exact = { value: 0.6, bracket: [0.55, 0.65], rows: { reference: 23_148, current: 834 } };
    const within = { ...measurement, detail: { ...measurement.detail, exact } };
    const beyond = {
      ...calm,
      detail: { ...measurement.detail, exact: { ...exact, value: 0.07, bracket: [0.05, 0.06], rows: { reference: 23_148, current: 800 } } },
    };
    const ask = (list: readonly object[]) =>
      run(["drift", "--exact", "--from", "2024-06-07", "--to", "2024-06-08"], { [`${PATH}/drift`]: items(list) });
    const good = await ask([within]);
    expect(good.asked).toEqual([`${PATH}/drift?exact=true&from=2024-06-07T00%3A00%3A00Z&to=2024-06-08T00%3A00%3A00Z&compute=true`]);
    expect(good.out.split("\n")[2]).toMatch(/^SUBJECT +METRIC +VALUE +EXACT +PROMISED +HOLDS +EXPECTED /);
    expect(good.out.split("\n")[3]).toMatch(/^visib +wasserstein +0\.61 +0\.6 +0\.55 … 0\.65 +yes +0\.05 /);
    expect(good.err).toContain("1 value computed again from the rows, and each is where the counts promise it");
    const bad = await ask([within, beyond]);
    expect(bad.out).toMatch(/^temp +wasserstein +0\.06 +0\.07 +0\.05 … 0\.06 +NO /m);
    expect(bad.err).toContain("1 value not where the counts promise");
    expect(bad.err).toContain("1 value counted other rows than are stored now");
    expect((await run(["drift", "--exact"], {})).code).toBe(2);
  });

  it("says what broke, and of quality what it is", async () => {
    const verdict = { kind: "break", cause: "constant", reason: "The value is stuck.", before: 0, now: 1, values: [`7${HOSTILE}`] };
    const broken = { ...measurement, detail: { ...measurement.detail, verdict } };
    const { out } = await run(["drift"], { [`${PATH}/drift`]: items([broken, calm]) });
    expect(out).toMatch(/^visib +wasserstein .* break /m);
    expect(out).toMatch(/^visib looks broken: The value is stuck\. \(7.*\)$/m);
    expect(out).not.toMatch(STEERING);
    const quality = async (metric: string, detail: object, value = 0.25) => {
      const item = { ...measurement, metric, value, detail };
      return (await run(["drift", "--metric", metric], { [`${PATH}/quality`]: items([item]) })).out;
    };
    expect(await quality("unknown_feature_rate", { unknown: [{ feature: "extra", rows: 5 }] })).toMatch(/25% of rows: extra$/m);
    expect(await quality("unseen_rate", { unseen: ["a", "b", "c", "d"].map((value) => ({ value, rows: 1 })) })).toMatch(
      /of rows: a, b, c …$/m,
    );
    expect(await quality("constant", { only: "7" }, 1)).toMatch(/always 7$/m);
    expect(await quality("volume_drop", {})).not.toContain("of rows");
    const constraint = await quality("constraint_violations", { constraints: [{ constraint: "range", broken: 208, rows: 834 }] });
    expect(constraint).toMatch(/^visib +constraint_violations .* broken .*range: 25% of rows$/m);
    expect(constraint).toContain("1 of 1 subject broke a constraint: visib.");
  });

  it("asks for what was asked for", async () => {
    const answers = {
      [PATH]: () => Response.json({ watermark: "2024-06-08T11:50:00Z" }),
      [`${PATH}/drift`]: items([measurement]),
      [`${PATH}/quality`]: items([{ ...measurement, metric: "missing_rate", detail: {} }]),
    };
    const query = async (...argv: string[]) => (await run(["drift", ...argv], answers)).asked;
    expect(await query("--from", "2024-06-01", "--to", "2024-06-02T06:00:00Z", "--baseline", "training")).toEqual([
      `${PATH}/drift?baseline=training&from=2024-06-01T00%3A00%3A00Z&to=2024-06-02T06%3A00%3A00Z&compute=true`,
    ]);
    expect(await query("--last", "7d")).toEqual([
      PATH,
      `${PATH}/drift?from=2024-06-01T11%3A00%3A00Z&to=2024-06-08T11%3A00%3A00Z&compute=true`,
    ]);
    expect(await query("--metric", "missing_rate", "--window", "1d")).toEqual([`${PATH}/quality?metric=missing_rate&window=1d&limit=500`]);
    expect(await query("--feature", "score", "--version", "v/1")).toEqual([`${PATH}/drift?version=v%2F1&subject=score&limit=500`]);
    expect(await query("--feature", "temp", "--metric", "ks")).toEqual([`${PATH}/drift?feature=temp&metric=ks&limit=500`]);
  });

  it.each([
    ["both keys turn", [measurement, calm], [], 3],
    ["nothing moved", [calm], [], 0],
    ["the effect is too small", [measurement], ["--above", "0.6"], 0],
    ["the evidence does not survive correction", [{ ...measurement, p_value: 0.009 }, calm], [], 0],
    [
      "each version is a family of its own",
      [
        { ...measurement, p_value: 0.009 },
        { ...calm, version: "v2" },
      ],
      [],
      3,
    ],
    ["nothing could be judged", [{ ...measurement, status: "insufficient" }], [], 1],
    ["nothing was measured", [], [], 1],
  ])("--fail-on drift when %s", async (_, list, more, expected) => {
    expect((await run(["drift", "--fail-on", "drift", ...more], { [`${PATH}/drift`]: items(list) })).code).toBe(expected);
  });

  it.each([
    [[], /^Nothing is measured of .* yet\. Send events/],
    [["--baseline", "trainign"], /has no baseline trainign\. It has: training\.$/m],
    [["--baseline", "training", "--version", "9"], /yet for baseline training, version 9\. .*--last 7d measures others now/],
    [["--feature", "tmp", "--from", "2024-06-01", "--to", "2024-06-02"], /in this window for feature tmp\. Leave some/],
  ])("where nothing is found says of %j what was not", async (more, says) => {
    const { code, err } = await run(["drift", ...more], { [`${PATH}/drift`]: items([]) });
    expect(code).toBe(0);
    expect(err).toMatch(says);
  });

  it("as JSON lines, with the verdict", async () => {
    const { out } = await run(["drift", "--json"], { [`${PATH}/drift`]: items([measurement]) });
    expect(JSON.parse(out)).toEqual({ ...measurement, adjusted_p_value: 0.00004, significant: true });
  });

  it("reads on over pages while the window lasts, and no further", async () => {
    const page = (url: URL) =>
      Response.json(
        url.searchParams.has("cursor") ? { items: [calm, older], next_cursor: "never" } : { items: [measurement], next_cursor: "c 2" },
      );
    const { out, asked } = await run(["drift"], { [`${PATH}/drift`]: page });
    expect(asked.map((path) => path.split("?")[1])).toEqual(["limit=500", "limit=500&cursor=c+2"]);
    expect(out).toContain("of 2 subjects");
  });
});

describe("performance", () => {
  const accuracy = {
    ...measurement,
    subject: "performance",
    feature: null,
    metric: "accuracy",
    value: 0.8,
    expected: null,
    ci: [0.77, 0.83],
    labelled: 800,
    detail: { reference: 0.9, label_coverage: 0.96 },
  };
  const pending = {
    ...accuracy,
    from: "2024-06-08T00:00:00Z",
    to: "2024-06-09T00:00:00Z",
    status: "labels_pending",
    value: null,
    ci: null,
    p_value: null,
  };
  const before = { ...accuracy, from: "2024-06-06T00:00:00Z", to: "2024-06-07T00:00:00Z", value: 0.9 };
  const answers = { [`${PATH}/performance`]: items([pending, accuracy, before]) };

  it("shows what is known by labels, not the estimates of a newer window that waits for its own", async () => {
    const estimated = { ...accuracy, metric: "estimated_accuracy", value: 0.84 };
    const newer = { ...estimated, from: pending.from, to: pending.to, value: 0.83 };
    const both = { [`${PATH}/performance`]: items([newer, pending, estimated, accuracy, before]) };
    const { out, err } = await run(["performance"], both);
    expect(out).toMatch(/7 Jun 2024 00:00 UTC to 8 Jun 2024/);
    expect(out).toMatch(/^accuracy +0\.8 /m);
    expect(out).toMatch(/^estimated_accuracy +0\.84 /m);
    expect(err).toContain("Newer windows wait for their labels; what is estimated of them: --metric estimated_accuracy.");
    const alone = await run(["performance", "--metric", "estimated_accuracy"], { [`${PATH}/performance`]: items([newer, estimated]) });
    expect(alone.out).toMatch(/^estimated_accuracy +0\.83 /m);
    expect(alone.err).toBe("");
  });

  it("says which metrics there are of the model's task, where one of another task is asked for", async () => {
    const { err } = await run(["performance", "--metric", "mae"], { [`${PATH}/performance`]: items([]) });
    expect(err).toMatch(/^mae is not measured of .*, which is of task binary: accuracy, .*estimated_accuracy.* are\.$/m);
  });

  it("shows the newest window that has its labels, with the trend", async () => {
    const { code, out, err } = await run(["performance"], answers);
    expect(code).toBe(0);
    expect(out).toMatch(/^accuracy +0\.8 +0\.77 to 0\.83 +0\.9 +< 0\.0001 +800 \(96%\) +drop +█▁$/m);
    expect(out).toMatch(/^p: how likely chance alone makes it as much worse than the reference\. drop: p at most 0\.01 /m);
    expect(err).toContain("Newer windows wait for their labels.");
  });

  it("fails on a drop, by loss against the baseline", async () => {
    expect((await run(["performance", "--fail-on", "drop"], answers)).code).toBe(3);
    expect((await run(["performance", "--fail-on", "drop", "--above", "0.2"], answers)).code).toBe(0);
  });
});

describe("lists", () => {
  const alert = {
    id: "1",
    rule: "feature-drift",
    state: "recovering",
    severity: "warning",
    model: MODEL,
    version: "v1",
    subject: "visib",
    since: "2024-06-02T00:00:00Z",
    summary: "visib has moved. ".repeat(12),
  };

  it("wraps what is long to the terminal", async () => {
    const { out } = await run(["alerts"], { "/v1/alerts": items([alert]) }, 120);
    expect(out).toMatch(/^\S+ +2024-06-02 00:00 +feature-drift /m);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    expect((await run(["alerts"], { "/v1/alerts": items([alert]) })).out.split("\n")).toHaveLength(3);
  });

  it("puts what fires before what is over, the worst first", async () => {
    const some = [
      { ...alert, id: "over", state: "resolved", severity: "critical" },
      { ...alert, id: "mild", state: "firing", severity: "info" },
      { ...alert, id: "bad", state: "firing", severity: "critical" },
    ];
    const { out } = await run(["alerts"], { "/v1/alerts": items(some) });
    expect(out.split("\n").map((line) => line.split(" ")[0])).toEqual(["ID", "bad", "mild", "over", ""]);
    // What is for programs stays in the order of the API.
    const json = await run(["alerts", "--json"], { "/v1/alerts": items(some) });
    expect(
      json.out
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toEqual(["over", "mild", "bad"]);
  });

  it("fails while something fires, shown or not", async () => {
    const byState = (url: URL) =>
      Response.json({
        items:
          url.searchParams.get("state") === "resolved"
            ? [{ ...alert, state: "resolved" }]
            : url.searchParams.get("state") === "firing"
              ? []
              : [alert],
        next_cursor: null,
      });
    expect((await run(["alerts", "--fail-on", "firing"], { "/v1/alerts": byState })).code).toBe(3);
    expect((await run(["alerts", "--state", "resolved", "--fail-on", "firing"], { "/v1/alerts": byState })).code).toBe(3);
    expect((await run(["alerts", "--fail-on", "firing"], { "/v1/alerts": items([]) })).code).toBe(0);
  });

  it("says when there is more, and when there is nothing", async () => {
    const run1 = { id: "3f9a1c", at: "2024-06-02T00:00:00Z", model: MODEL, version: "v1", rule: "r", state: "refused", reason: "cooldown" };
    const { out, err } = await run(["retrain", "list", "--limit", "1"], { "/v1/retrains": items([run1, run1]) });
    expect(out.split("\n")).toHaveLength(3);
    expect(err).toContain("more than 1");
    expect(await run(["dead-letters"], { "/v1/dead-letters": items([]) })).toMatchObject({
      code: 0,
      out: "",
      err: "No event was refused.\n",
    });
  });

  it("shows baselines, loaded and not", async () => {
    const baselines = [
      {
        model: MODEL,
        name: "training",
        kind: "file",
        window: null,
        offset: null,
        from: null,
        to: null,
        version: null,
        loaded: [
          {
            version: "v1",
            source: "ref.ndjson",
            digest: "0123456789abcdef",
            rows: 12_000,
            labelled: 11_000,
            first_time: "2024-01-01T00:00:00Z",
            last_time: "2024-03-31T23:59:59.999Z",
          },
        ],
      },
      { model: MODEL, name: "recent", kind: "trailing", window: "14d", offset: "7d", from: null, to: null, version: null, loaded: [] },
    ];
    const { out } = await run(["baseline", "list"], { "/v1/baselines": items(baselines) });
    expect(out).toMatch(/training +v1 +12,000 +11,000 +2024-01-01 00:00 +2024-03-31 23:59 +0123456789ab +ref\.ndjson/);
    expect(out).toMatch(/recent .* the 14d before, 7d back/);
    expect((await run(["baseline", "show", "training"], { "/v1/baselines": items(baselines) })).out).toContain(
      "  digest    0123456789abcdef",
    );
    expect(await run(["baseline", "show", "trainig"], { "/v1/baselines": items(baselines) })).toMatchObject({
      code: 1,
      err: expect.stringContaining("There are: training, recent."),
    });
  });
});

describe("baseline fit and rebuild", () => {
  const subject = { subject: "feature", kind: "numeric", provisional: false, rows: 1_200, outside_baselines: 0 };
  const fit = {
    model: MODEL,
    grid: 3,
    stale: true,
    from: "2024-06-01T00:00:00Z",
    to: "2024-06-08T00:00:00Z",
    subjects: [
      { ...subject, feature: "amount", outside: 0.25, stale: true },
      { ...subject, feature: "colour", outside: 0, stale: false },
    ],
  };

  it("says what does not fit, and what to do then", async () => {
    const { code, out, err } = await run(["baseline", "fit"], { [`${PATH}/grid`]: () => Response.json(fit) });
    expect(code).toBe(0);
    expect(out).toMatch(/amount +numeric +1,200 +25% +0% +no/);
    expect(out).toMatch(/colour .* yes/);
    expect(err).toContain("Bins 3, live rows from 2024-06-01 00:00 to 2024-06-08 00:00");
    expect(err).toContain("driftwatch baseline rebuild");
  });

  it("makes new bins of the stretch that is asked for", async () => {
    const asked: string[] = [];
    const answers = {
      [`${PATH}/grid`]: (url: URL) => {
        asked.push(url.search);
        return Response.json({ model: MODEL, grid: 4, from: fit.from, to: fit.to });
      },
    };
    const { code, out } = await run(["baseline", "rebuild", "--from", "2024-06-01"], answers);
    expect({ code, out }).toEqual({
      code: 0,
      out: "New bins: 4, from the baselines and live rows of 2024-06-01 00:00 to 2024-06-08 00:00.\n",
    });
    expect(asked).toEqual(["?from=2024-06-01T00%3A00%3A00Z"]);
  });
});

describe("report", () => {
  it("writes to a file by its name, or to stdout", async () => {
    const output = join(workplace({}), "r.html");
    const answers = {
      [`${PATH}/report`]: (url: URL) =>
        url.searchParams.get("format") === "html" ? new Response("<p>\n") : Response.json({ model: HOSTILE }),
    };
    expect(await run(["report", "-o", output], answers)).toMatchObject({ code: 0, out: "", err: `Wrote ${output}.\n` });
    expect(readFileSync(output, "utf8")).toBe("<p>\n");
    const { out } = await run(["report"], answers);
    expect(JSON.parse(out)).toEqual({ model: HOSTILE });
    expect(await run(["report", "-o", "/nowhere/r.json"], answers)).toMatchObject({ code: 1, err: expect.stringContaining("(ENOENT)") });
  });
});

describe("what events bring cannot steer the terminal", () => {
  const hostile = {
    ...measurement,
    version: HOSTILE,
    feature: HOSTILE,
    baseline: HOSTILE,
    detail: { bins: [{ bin: HOSTILE, reference: 0, current: 1 }] },
  };
  const alert = {
    id: HOSTILE,
    rule: HOSTILE,
    state: "firing",
    severity: "info",
    model: HOSTILE,
    version: HOSTILE,
    subject: HOSTILE,
    since: HOSTILE,
    summary: HOSTILE,
  };
  const letter = {
    received_at: "2024-06-02T00:00:00Z",
    source: "file",
    topic: HOSTILE,
    partition: 0,
    offset: HOSTILE,
    reason: "invalid_json",
    message: HOSTILE,
    payload: HOSTILE,
  };
  const run1 = { id: HOSTILE, at: HOSTILE, model: HOSTILE, version: HOSTILE, rule: HOSTILE, state: HOSTILE, reason: HOSTILE };
  const baseline = {
    model: HOSTILE,
    name: HOSTILE,
    kind: "file",
    window: null,
    offset: null,
    from: null,
    to: null,
    version: null,
    loaded: [{ version: HOSTILE, source: HOSTILE, digest: HOSTILE, rows: 1, labelled: 1, first_time: HOSTILE, last_time: HOSTILE }],
  };
  const answers = {
    [`${PATH}/drift`]: items([hostile, { ...hostile, version: "2" }]),
    [`${PATH}/performance`]: items([{ ...hostile, subject: "performance", metric: "accuracy" }]),
    [`${PATH}/report`]: () => new Response(HOSTILE),
    "/v1/alerts": items([alert]),
    "/v1/dead-letters": items([letter]),
    "/v1/retrains": items([run1]),
    "/v1/baselines": items([baseline]),
  };

  it.each([
    [["drift"]],
    [["drift", "--json"]],
    [["performance"]],
    [["alerts"]],
    [["alerts", "--json"]],
    [["dead-letters"]],
    [["dead-letters", "--json"]],
    [["retrain", "list"]],
    [["baseline", "list"]],
    [["baseline", "show", HOSTILE]],
    [["baseline", "show", `${HOSTILE}?`]],
    [["report", "--format", "html"]],
    [["drift", "-m", HOSTILE]],
  ])("%j", async (argv) => {
    const { out, err } = await run(argv, answers, 100);
    expect(out + err).not.toBe("");
    expect(out + err).not.toMatch(STEERING);
  });
});
