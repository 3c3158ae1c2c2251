import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawNormal, seeded } from "../../bench/support/chance.ts";
import { createApp } from "../../src/app.ts";
import { silentLog } from "../../src/log.ts";
import { DAY } from "../../src/model/time.ts";
import { load, loaded } from "../config/workplace.ts";
import { ndjson } from "../support/messages.ts";
import { serveApp } from "../support/serve-app.ts";

// What a feed does when it breaks, each in a window of its own: the program names it, and goes on with all other features.

const WINDOW = Date.UTC(2026, 2, 10);
const ROWS = 500;

type Row = { id: string; time: number; features: Record<string, unknown>; prediction: string; score: number; label: string | null };
type Item = {
  readonly version: string;
  readonly subject: string;
  readonly feature: string | null;
  readonly metric: string;
  readonly value: number | null;
  readonly expected: number | null;
  readonly p_value: number | null;
  readonly status: string;
  readonly rows: { readonly reference: number; readonly current: number };
  readonly labelled: number | null;
  readonly detail: Record<string, unknown>;
};

/** Clean rows: a number, a category, a class that is right nine times in ten. */
function cleanRows(name: string, count: number, from: number, to: number): Row[] {
  const uniform = seeded(name);
  return Array.from({ length: count }, (_, index) => {
    const predicted = uniform() < 0.4 ? "yes" : "no";
    const isRight = uniform() < 0.9;
    return {
      id: `${name}-${index}`,
      time: from + Math.floor(((to - from) * (index + uniform())) / count),
      features: { x: Number(drawNormal(uniform).toFixed(4)), c: ["a", "b", "c", "d", "e"][Math.floor(5 * uniform())] },
      prediction: predicted,
      score: Number((predicted === "yes" ? 0.5 + uniform() / 2 : uniform() / 2).toFixed(4)),
      label: isRight ? predicted : predicted === "yes" ? "no" : "yes",
    };
  });
}

/** The same five hundred rows for every input, so that what is not broken must be measured the same. */
const CLEAN = cleanRows("window", ROWS, WINDOW, WINDOW + DAY);
const change = (every: number, to: (row: Row) => Row): Row[] => CLEAN.map((row, index) => (index % every === 0 ? to(row) : row));
/** Stands for a number that JSON can write and nothing can hold. */
const TOO_LARGE = "@1e999";
const withX = (x: unknown) => (row: Row) => ({ ...row, features: { ...row.features, x } });

const INPUTS: Readonly<Record<string, readonly Row[]>> = {
  clean: CLEAN,
  // Its only row lies a day before, so that the version is known.
  empty: CLEAN.slice(0, 1).map((row) => ({ ...row, time: row.time - DAY })),
  eight: CLEAN.slice(0, 8),
  "all null": CLEAN.map(withX(null)),
  constant: CLEAN.map(withX(0.25)),
  infinite: CLEAN.map((row, index) => (index % 100 === 0 ? withX(index === 0 ? "Infinity" : TOO_LARGE)(row) : row)),
  "not a number": CLEAN.map((row, index) => (index % 20 === 0 ? withX(null)(row) : index % 20 === 10 ? withX("NaN")(row) : row)),
  texts: change(100, withX("twelve")),
  "new category": change(500, (row) => ({ ...row, features: { ...row.features, c: "never seen" } })),
  "missing column": CLEAN.map((row) => ({ ...row, features: { c: row.features["c"] } })),
  "extra column": CLEAN.map((row) => ({ ...row, features: { ...row.features, extra: 1 } })),
  "rows twice": CLEAN.flatMap((row) => [row, row]),
  // A row and its double, which came a moment later with other values.
  "ids twice": CLEAN.flatMap((row) => [row, { ...withX(9)(row), time: row.time + 1 }]),
  "half the labels": change(2, (row) => ({ ...row, label: null })),
  "no labels": change(1, (row) => ({ ...row, label: null })),
};

let items: Item[];
let close: () => Promise<void>;
let page: (path: string) => Promise<string>;
let ask: (family: string, query?: Record<string, string>) => Promise<Item[]>;

beforeAll(async () => {
  const reference = cleanRows("reference", 2_000, WINDOW - 21 * DAY, WINDOW - DAY).map((row) => ({
    ...predictionOf("1", row),
    label: row.label,
  }));
  const yaml = `clock: replay
store: {path: ./data}
models:
  toy: {task: binary, positive: "yes", labels: {expected_within: 6h}, baselines: {training: {file: training.ndjson}}}
`;
  const config = loaded(load(yaml, { "training.ndjson": ndjson(reference) }));
  const app = await createApp(config, { log: silentLog, tickEvery: null, sources: [] });
  await app.start();
  const served = await serveApp(app);
  close = async () => {
    await served.close();
    await app.stop();
  };
  const headers = { authorization: `Bearer ${app.localToken}` };
  // An event of days later closes the window, in the clock of the events, and lets its labels have had their time.
  const later = { ...CLEAN[0], id: "later", time: WINDOW + 3 * DAY } as Row;
  const rows = [
    ...Object.entries(INPUTS).flatMap(([version, list]) => list.map((row) => [version, row] as const)),
    ["later", later] as const,
  ];
  const lines = rows.flatMap(([version, row]) => {
    const { id, time } = predictionOf(version, row);
    const label = row.label === null ? [] : [JSON.stringify({ type: "label", id, model: "toy", time, label: row.label })];
    return [JSON.stringify(predictionOf(version, row)).replaceAll(`"${TOO_LARGE}"`, "1e999"), ...label];
  });
  for (let start = 0; start < lines.length; start += 5_000) {
    const body = lines.slice(start, start + 5_000);
    const response = await fetch(`${served.url}/v1/events`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/x-ndjson" },
      body: body.join("\n"),
    });
    const { accepted } = (await response.json()) as { accepted: number };
    if (accepted !== body.length) throw new Error(`${accepted} of ${body.length} events were accepted.`);
  }
  await app.tick();
  page = async (path) => (await fetch(`${served.url}${path}`, { headers })).text();
  ask = async (family, query = {}) => {
    const found: Item[] = [];
    const span = { from: new Date(WINDOW).toISOString(), to: new Date(WINDOW + DAY).toISOString() };
    for (let next: { cursor?: string } | null = {}; next !== null;) {
      const params = new URLSearchParams({ ...span, ...query, ...next });
      const page = await (await fetch(`${served.url}/v1/models/toy/${family}?${params.toString()}`, { headers })).json();
      const { items: more, next_cursor: cursor } = page as { items: Item[]; next_cursor: string | null };
      found.push(...more);
      next = cursor === null ? null : { cursor };
    }
    return found;
  };
  items = [...(await ask("drift")), ...(await ask("quality")), ...(await ask("performance"))];
});
afterAll(() => close());

function predictionOf(version: string, { id, time, features, prediction, score }: Row) {
  return {
    type: "prediction",
    id: `${version}-${id}`,
    model: "toy",
    version,
    time: new Date(time).toISOString(),
    features,
    prediction,
    score,
  };
}

type Place = { readonly subject: string; readonly feature?: string | null };
const place = ({ subject, feature }: Place) => feature ?? subject;

/** What was measured of one input, of one subject, by metric; without what tells the inputs apart. */
function measured(version: string, name: string): Record<string, unknown> {
  const found = items.filter((one) => one.version === version && place(one) === name);
  return Object.fromEntries(found.map((one) => [one.metric, { ...one, version: null }]));
}

function withoutCauses(found: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(found as Record<string, Item>);
  for (const [, { detail }] of entries) expect(detail["causes"] ?? []).toEqual([]);
  return Object.fromEntries(
    entries.map(([metric, one]) => [
      metric,
      { ...one, detail: Object.fromEntries(Object.entries(one.detail).filter(([key]) => key !== "causes")) },
    ]),
  );
}

const CLEAN_SUBJECTS = ["x", "c", "prediction", "score", "label", "performance", "traffic"];

describe("a clean window", () => {
  test("is measured in everything, and nothing stands out", () => {
    for (const name of CLEAN_SUBJECTS) expect(Object.keys(measured("clean", name)).length).toBeGreaterThan(1);
    for (const one of items.filter(({ version }) => version === "clean")) {
      expect([one.metric, one.status]).toEqual([one.metric, "ok"]);
      expect([place(one), one.metric, (one.p_value ?? 0) > 0.01]).toEqual([place(one), one.metric, true]);
    }
    expect(items.find((one) => one.version === "clean" && one.metric === "label_coverage")).toMatchObject({ value: 1, expected: 1 });
  });
});

type Finding = { readonly of: string; readonly metric: string; readonly says: object; readonly sure?: false };
const FINDINGS: readonly (readonly [string, Finding])[] = [
  ["all null", { of: "x", metric: "missing_rate", says: { value: 1, detail: { hits: 500, without: { nothing: 500 } } } }],
  ["constant", { of: "x", metric: "constant", says: { value: 1, detail: { only: "0.25" } } }],
  ["infinite", { of: "x", metric: "non_finite_rate", says: { value: 0.01, expected: 0, detail: { hits: 5 } } }],
  ["not a number", { of: "x", metric: "non_finite_rate", says: { value: 25 / 475, expected: 0, detail: { hits: 25 } } }],
  ["texts", { of: "x", metric: "type_mismatch_rate", says: { value: 0.01, expected: 0, detail: { hits: 5 } } }],
  // One row in five hundred: what it is is said, and that it may be chance.
  ["new category", { of: "c", metric: "unseen_rate", says: { value: 0.002, detail: { hits: 1 } }, sure: false }],
  ["missing column", { of: "x", metric: "missing_rate", says: { value: 1, detail: { without: { nothing: 500 } } } }],
  [
    "extra column",
    {
      of: "traffic",
      metric: "unknown_feature_rate",
      says: { value: 1, expected: 0, detail: { unknown: [{ feature: "extra", rows: 500 }] } },
    },
  ],
  [
    "ids twice",
    { of: "traffic", metric: "conflict_rate", says: { value: 0.5, expected: 0, rows: { current: 1_000 }, detail: { hits: 500 } } },
  ],
  ["half the labels", { of: "performance", metric: "label_coverage", says: { value: 0.5, expected: 1 } }],
  ["no labels", { of: "performance", metric: "label_coverage", says: { value: 0, expected: 1 } }],
];

describe("a bad input is named, and everything else is measured as in the clean window:", () => {
  test.each(FINDINGS)("%s", (name, { of, metric, says, sure = true }) => {
    const finding = measured(name, of)[metric] as Item;
    expect(finding).toMatchObject({ status: "ok", ...says });
    expect((finding.p_value ?? 1) < 0.01).toBe(sure);
    // A feature that is gone is told of in the summary of the traffic too, and labels that are gone have no drift.
    const alsoTold = of === "performance" ? "label" : finding.value === 1 ? "traffic" : null;
    const others = CLEAN_SUBJECTS.filter((other) => other !== of && other !== alsoTold);
    expect(others.length).toBeGreaterThan(3);
    // That no feature's move explains the errors is only said where every one of them was seen.
    const isGone = metric === "missing_rate" && finding.value === 1;
    for (const other of others)
      expect(measured(name, other)).toEqual(
        isGone && other === "performance" ? withoutCauses(measured("clean", other)) : measured("clean", other),
      );
  });

  test("five hundred rows, each sent twice: one event is one event", () => {
    for (const name of CLEAN_SUBJECTS) expect(measured("rows twice", name)).toEqual(measured("clean", name));
  });

  test("five hundred ids, each used twice: the rows that came first are those that count", () => {
    expect(measured("ids twice", "x")).toEqual(measured("clean", "x"));
  });

  test("what is no number is missing too, and told apart from what is not there", () => {
    expect(measured("not a number", "x")["missing_rate"]).toMatchObject({
      value: 0.1,
      detail: { without: { nothing: 25, not_finite: 25 } },
    });
    expect(measured("infinite", "x")["missing_rate"]).toMatchObject({ value: 0.01, detail: { without: { not_finite: 5 } } });
    expect(measured("texts", "x")["missing_rate"]).toMatchObject({ value: 0.01, detail: { without: { another_type: 5 } } });
  });

  test("features that are gone or new, together", () => {
    expect(measured("missing column", "traffic")["unknown_feature_rate"]).toMatchObject({
      value: 0,
      detail: { schema: { gone: ["x"], added: [], retyped: [] } },
    });
    expect(measured("extra column", "traffic")["unknown_feature_rate"]).toMatchObject({
      detail: { schema: { gone: [], added: ["extra"], retyped: [] } },
    });
  });

  test("with half the labels, performance is known by those that came", () => {
    const accuracy = measured("half the labels", "performance")["accuracy"] as Item;
    expect(accuracy).toMatchObject({ status: "ok", labelled: 250, detail: { label_coverage: 0.5 } });
    expect(measured("no labels", "performance")["accuracy"]).toMatchObject({ status: "no_data", value: null, labelled: 0 });
  });

  test("a category that nobody had seen is named where one asks for the window", async () => {
    const asked = await ask("quality", { version: "new category", metric: "unseen_rate", compute: "true" });
    expect(asked).toMatchObject([{ feature: "c", detail: { unseen: [{ value: "never seen", rows: 1 }] } }]);
  });
});

describe("what the measurements of a feature add up to:", () => {
  test.each([
    ["all null", "missing_rate", "break", "gone"],
    ["missing column", "missing_rate", "break", "gone"],
    ["constant", "constant", "break", "constant"],
    ["constant", "wasserstein", "break", "constant"],
    ["infinite", "non_finite_rate", "break", "not_finite"],
    ["not a number", "non_finite_rate", "break", "not_finite"],
    ["texts", "type_mismatch_rate", "break", "type"],
  ])("%s, %s", (name, metric, kind, cause) => {
    expect(measured(name, "x")[metric]).toMatchObject({ detail: { verdict: { kind, cause } } });
  });

  test("the pages say it", async () => {
    const to = encodeURIComponent(new Date(WINDOW + DAY).toISOString());
    expect(await page(`/models/toy/features/x?version=constant&to=${to}`)).toContain(
      "It looks like a break of the data, not a drift. The value is stuck",
    );
    expect(await page(`/models/toy/features/x?version=clean&to=${to}`)).not.toContain("It looks like a break");
    const rows = await page(`/models/toy/outputs/traffic?version=extra+column&to=${to}`);
    expect(rows).toContain("<li>extra, in 500 rows</li>");
    expect(rows).toContain("Rows whose id another row holds");
    expect(await page("/models/toy/outputs/traffic?version=none")).toContain("There is nothing here");
  });

  test("nothing is said of what is as usual", () => {
    for (const one of items.filter(({ version }) => version === "clean")) expect(one.detail).not.toHaveProperty("verdict");
    expect(measured("new category", "c")["unseen_rate"]).not.toHaveProperty("detail.verdict");
  });
});

describe("too little is said to be too little:", () => {
  test("no rows", () => {
    const found = items.filter((one) => one.version === "empty");
    expect(new Set(found.map(place))).toEqual(new Set(CLEAN_SUBJECTS));
    for (const one of found) expect(one).toMatchObject({ status: "no_data", value: null, p_value: null });
  });

  test("eight rows", () => {
    const found = items.filter((one) => one.version === "eight");
    expect(new Set(found.map(place))).toEqual(new Set(CLEAN_SUBJECTS));
    for (const one of found) expect([one.metric, one.status]).toEqual([one.metric, "insufficient"]);
  });
});
