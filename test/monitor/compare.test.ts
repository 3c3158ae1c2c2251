import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { COMPARED_METRICS, METRICS_OF_TASK, type ComparedMetric } from "../../src/model/comparison.ts";
import type { OutcomeCounts } from "../../src/model/counts.ts";
import type { ModelSettings } from "../../src/model/settings.ts";
import { DAY, HOUR, type Millis } from "../../src/model/time.ts";
import { compareMetric, type Look } from "../../src/monitor/compare-outcomes.ts";
import { compareVersions } from "../../src/monitor/compare.ts";
import type { Store } from "../../src/store/store.ts";
import { openTemporaryStore } from "../alerting/examples.ts";
import { apiOver } from "../support/api.ts";
import { cli, configFile, connectionTo } from "../cli/terminal.ts";
import { binaryOutcomes, outcomeRow, withBins, type Cells } from "../support/outcomes.ts";
import { seedModel } from "../support/seed.ts";

const START = Date.UTC(2026, 0, 5);
const LATE = START + 365 * DAY;
const settings: ModelSettings = { ...seedModel(), name: "toy", bucket: HOUR, labelsExpectedWithin: DAY };

let store: Store;
let remove: () => Promise<void>;
let generation = 0;
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
});
beforeEach(() => store.execute("TRUNCATE TABLE outcome_counts"));
afterAll(() => remove());

/** What was counted of one version in the bucket that begins `hour` hours after the start. */
function counted(version: string, hour: number, cells: Cells, unlabelled = 0) {
  const bucket = (START + hour * HOUR) / 1000;
  return outcomeRow({ model: "toy", version, bucket, generation: (generation += 1) }, binaryOutcomes(cells, unlabelled));
}

const compare = (watermark: Millis | null = LATE, metrics: readonly ComparedMetric[] = ["accuracy"], margin = 0.01) =>
  compareVersions({ store, settings, watermark }, { model: "toy", champion: "1", challenger: "2", metrics, margin });

describe("two versions are compared over", () => {
  it("the buckets in which both were live and whose labels have had their time", async () => {
    await store.insert("outcome_counts", [
      counted("1", 0, [10, 1, 1, 8]),
      counted("1", 1, [20, 2, 3, 25]),
      counted("2", 1, [19, 2, 4, 26]),
      counted("2", 2, [9, 9, 9, 9]),
      counted("1", 5, [1, 0, 0, 1], 2),
      counted("2", 5, [0, 1, 1, 0], 3),
      counted("1", 6, [5, 0, 0, 5]),
      counted("2", 6, [5, 0, 0, 5]),
      { ...counted("2", 0, [7, 7, 7, 7]), baseline: "training" },
      counted("3", 0, [1, 1, 1, 1]),
    ]);
    // The sixth hour ends at seven, and its labels have had their time a day later: not a millisecond before.
    const ripe = START + 7 * HOUR + DAY;
    const before = await compare(ripe - 1);
    expect(before).toMatchObject({
      status: "ok",
      from: START + HOUR,
      to: START + 6 * HOUR,
      champion: { version: "1", predictions: 54, labelled: 52 },
      challenger: { version: "2", predictions: 56, labelled: 53 },
      buckets: { length: HOUR, compared: 2, waiting: 1, onlyChampion: 1, onlyChallenger: 1 },
      looks: 2,
      metrics: [{ champion: 47 / 52, challenger: 45 / 53, rows: { champion: 52, challenger: 53 } }],
    });
    expect(await compare(ripe)).toMatchObject({ to: START + 7 * HOUR, buckets: { compared: 3, waiting: 0 }, looks: 3 });
  });

  it("what was counted last", async () => {
    await store.insert("outcome_counts", [counted("1", 0, [9, 0, 0, 9]), counted("2", 0, [9, 0, 0, 9])]);
    await store.insert("outcome_counts", [counted("2", 0, [1, 0, 2, 3])]);
    expect(await compare()).toMatchObject({ challenger: { labelled: 6 }, looks: 1 });
    // A bucket whose rows are all gone is none in which it was live.
    await store.insert("outcome_counts", [counted("2", 0, [0, 0, 0, 0])]);
    expect(await compare()).toMatchObject({ status: "no_common_buckets", buckets: { onlyChampion: 1, onlyChallenger: 0 } });
  });

  it("at most 500 looks, whole numbers of buckets each", async () => {
    const hours = [...Array(1_101).keys()];
    await store.insert(
      "outcome_counts",
      hours.flatMap((hour) => [counted("1", 3 * hour, [2, 1, 1, 6]), counted("2", 3 * hour, [3, 1, 0, 6])]),
    );
    const found = await compare();
    expect(found).toMatchObject({ buckets: { compared: 1_101 }, looks: 276, champion: { labelled: 11_010 } });
    expect(found.to).toBe(START + 3 * 1_100 * HOUR + HOUR);
    expect(found.metrics[0]).toMatchObject({ champion: 0.8, challenger: 0.9, verdict: { kind: "better", holdsNow: true } });
    // Looks end after every fourth bucket: 4, 8, 12 …
    expect(((found.metrics[0]?.verdict.since ?? 0) - START - HOUR - 9 * HOUR) % (12 * HOUR)).toBe(0);
  });
});

describe("an answer with a name", () => {
  const none = { looks: 0, from: null, to: null, metrics: [] };
  it("is given where the two were never live together", async () => {
    expect(await compare()).toMatchObject({ ...none, status: "no_common_buckets" });
    await store.insert("outcome_counts", [counted("1", 0, [9, 0, 0, 9]), counted("2", 1, [9, 0, 0, 9])]);
    expect(await compare()).toMatchObject({ ...none, status: "no_common_buckets", buckets: { onlyChampion: 1, onlyChallenger: 1 } });
  });

  it("is given where labels may still come, or have not", async () => {
    await store.insert("outcome_counts", [counted("1", 0, [9, 0, 0, 9]), counted("2", 0, [0, 0, 0, 0], 30)]);
    for (const watermark of [null, 0, START + HOUR])
      expect(await compare(watermark)).toMatchObject({ ...none, status: "labels_pending", buckets: { waiting: 1 } });
    expect(await compare()).toMatchObject({
      status: "no_labels",
      looks: 1,
      champion: { labelled: 18 },
      challenger: { predictions: 30 },
      metrics: [],
    });
  });

  it("is given where rows are too few, or of one class", async () => {
    await store.insert("outcome_counts", [counted("1", 0, [0, 0, 0, 9]), counted("2", 0, [0, 0, 0, 8])]);
    const found = await compare(LATE, METRICS_OF_TASK.binary);
    expect(found.status).toBe("ok");
    const by = new Map(found.metrics.map((one) => [one.metric, one]));
    for (const metric of ["precision", "recall", "roc_auc", "log_loss"] as const)
      expect(by.get(metric)).toMatchObject({
        status: "undefined",
        champion: null,
        difference: null,
        sequence: null,
        eValue: null,
        pValue: null,
        oneLook: null,
        verdict: { kind: "not_yet", since: null },
        furtherRows: { atObserved: null, atMargin: null, atMost: null },
      });
    // Proportions have an exact interval from the first row on, though no e-value yet.
    const accuracy = by.get("accuracy");
    expect(accuracy).toMatchObject({ status: "ok", difference: 0, eValue: null, pValue: null, oneLook: { test: "fisher", pValue: 1 } });
    expect(accuracy?.sequence?.low).toBeLessThan(-0.2);
    expect(accuracy?.verdict).toMatchObject({ kind: "not_yet", since: null, holdsNow: true });
  });
});

describe("a verdict", () => {
  const outcomes = (tp: number, tn: number, wrong: number) => binaryOutcomes([tp, 0, wrong, tn]);
  const look = (to: number, champion: OutcomeCounts, challenger: OutcomeCounts): Look => ({ to, champion, challenger });
  const even = look(1, outcomes(400, 500, 100), outcomes(400, 500, 100));
  const ahead = look(2, outcomes(800, 1_000, 400), outcomes(900, 1_100, 200));
  const caughtUp = look(3, outcomes(1_800, 2_400, 500), outcomes(1_800, 2_410, 490));

  it("once given stays, says since when, and whether it shows now", () => {
    const first = compareMetric("accuracy", [even, ahead], 0.01);
    expect(first.verdict).toEqual({ kind: "better", since: 2, holdsNow: true, withinMargin: false });
    expect(first.furtherRows).toEqual({ atObserved: 0, atMargin: 0, atMost: 0 });
    const later = compareMetric("accuracy", [even, ahead, caughtUp], 0.01);
    expect(later.verdict).toEqual({ kind: "better", since: 2, holdsNow: false, withinMargin: false });
    // So does the p-value, which never rises, while the evidence of today does as it likes.
    expect(later.pValue).toBe(first.pValue);
    expect(later.eValue).toBeLessThan(first.eValue ?? 0);
    expect(compareMetric("accuracy", [ahead], 0.5).verdict).toMatchObject({ kind: "better", withinMargin: true });
    expect(compareMetric("accuracy", [even, caughtUp], 0.01).verdict).toMatchObject({ kind: "not_yet", since: null, holdsNow: true });
  });

  it("gives way to another", () => {
    const behind = look(4, outcomes(20_000, 27_000, 3_000), outcomes(20_000, 24_000, 6_000));
    expect(compareMetric("accuracy", [ahead, behind], 0.01).verdict).toEqual({
      kind: "worse",
      since: 4,
      holdsNow: true,
      withinMargin: false,
    });
  });

  it("is the other way round seen from the other side, and neither good nor bad of what versions do and meet", () => {
    const swapped = look(2, ahead.challenger, ahead.champion);
    expect(compareMetric("accuracy", [swapped], 0.01).verdict.kind).toBe("worse");
    expect(compareMetric("accuracy", [swapped], 0.01).eValue).toBeCloseTo(compareMetric("accuracy", [ahead], 0.01).eValue ?? 0, 6);
    const eager = look(2, outcomes(200, 1_800, 0), outcomes(1_000, 1_000, 0));
    expect(compareMetric("positive_rate", [eager], 0.01)).toMatchObject({ better: null, verdict: { kind: "higher" } });
    expect(compareMetric("prevalence", [look(2, eager.challenger, eager.champion)], 0.01).verdict.kind).toBe("lower");
  });

  it("that nothing larger differs needs a margin it can reach", () => {
    const much = look(2, outcomes(200_000, 700_000, 100_000), outcomes(200_000, 700_000, 100_000));
    expect(compareMetric("accuracy", [much], 0.01).verdict.kind).toBe("no_larger_difference");
    const strict = compareMetric("accuracy", [much], 0);
    expect(strict.verdict.kind).toBe("not_yet");
    expect(strict.furtherRows).toEqual({ atObserved: null, atMargin: null, atMost: null });
  });

  it("of losses is better where they are less", () => {
    const losses = (mean: number, rows = 1_000) =>
      withBins(
        even.champion,
        { positives: { 500: rows } },
        { log_loss: { 0: mean * 1_000 }, log_loss_squared: { 0: (mean * mean + 0.04) * 1_000 } },
      );
    const found = compareMetric("log_loss", [look(2, losses(0.5), losses(0.4))], 0.01);
    expect(found).toMatchObject({ better: "lower", verdict: { kind: "better" }, oneLook: { test: "welch" } });
    expect(compareMetric("log_loss", [look(2, losses(0.5, 1), losses(0.4))], 0.01).status).toBe("insufficient");
  });

  it("NDCG by the lists whose label names something relevant, at the cutoff that is asked for", () => {
    const lists = (mean: number, ranked = 100_000) =>
      withBins(
        { ...even.champion, labelled: 2 * ranked },
        { labelled: { 0: ranked } },
        { ndcg: { 5: mean * ranked, 10: 0 }, ndcg_squared: { 5: (mean * mean + 0.04) * ranked, 10: 0 } },
      );
    const looks = [look(2, lists(0.4), lists(0.5))];
    const found = compareMetric("ndcg", looks, 0.01, 5);
    expect(found).toMatchObject({ better: "higher", rows: { champion: 100_000 }, verdict: { kind: "better" }, oneLook: { test: "welch" } });
    expect(found.champion).toBeCloseTo(0.4, 12);
    expect(compareMetric("ndcg", looks, 0.01)).toMatchObject({ champion: 0, challenger: 0 });
    expect(compareMetric("ndcg", [look(2, lists(0, 0), lists(0.5))], 0.01).status).toBe("undefined");
  });
});

describe("over HTTP and by command", () => {
  const api = () =>
    apiOver(store, [settings, { ...settings, name: "price", task: "regression" }, { ...settings, name: "search", task: "ranking" }], {
      compare: (model, query) => compareVersions({ store, settings: model, watermark: LATE }, query),
    }).app;
  const hostile = "2\u001b]0;owned\u0007\u202e";
  /** As a bucket stands in the store once all of it is counted. */
  const live = async (rows: readonly ReturnType<typeof counted>[]) => {
    await store.insert("outcome_counts", rows);
    await store.insert(
      "service_counts",
      rows.map(({ model, version, bucket, predictions, generation: of }) => ({
        model,
        version,
        bucket,
        requests: predictions,
        errors: 0,
        generation: of,
      })),
    );
  };
  beforeEach(() => store.execute("TRUNCATE TABLE service_counts"));
  const file = configFile("clock: replay\nstore: {path: ./data}\nmodels: {toy: {task: binary, positive: late, bucket: 1h}}\n");
  const run = (...argv: string[]) =>
    cli(["compare", "-c", file, ...argv], {
      connect: async () => connectionTo(api()),
    });

  it.each([
    ["a=1&b=9", 404, "There is no version “9” of “toy”.", "Seen were “2”, “1”."],
    ["a=1", 400, "A comparison is between two versions.", "Give both a (the champion) and b (the challenger), or neither."],
    ["a=1&b=1", 400, "Both versions are the same one.", "Give two different versions."],
    ["a=1&b=2&margin=-1", 400, "The query parameter margin must be a number, 0 or more, such as 0.005.", "It takes a, b, metric, margin."],
    [
      "a=1&b=2&metric=f1",
      400,
      `The query parameter metric must be one of ${COMPARED_METRICS.join(", ")}.`,
      "It takes a, b, metric, margin.",
    ],
  ])("%s is refused with what to do", async (query, status, detail, hint) => {
    await live([counted("1", 0, [1, 1, 1, 1]), counted("2", 1, [1, 1, 1, 1])]);
    const answer = await api().request(`/v1/models/toy/compare?${query}`);
    expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ detail, hint })]);
  });

  it("too few versions, and metrics of other tasks, are named", async () => {
    const detail = async (model: string) => {
      const answer = await api().request(`/v1/models/${model}/compare`);
      return [answer.status, ((await answer.json()) as { detail: string }).detail];
    };
    expect(await detail("toy")).toEqual([404, "No version of “toy” has sent predictions that are counted."]);
    await live([counted("1", 0, [1, 1, 1, 1])]);
    expect(await detail("toy")).toEqual([404, "There is one version of “toy” only: “1”."]);
    expect(await detail("search")).toEqual([404, "No version of “search” has sent predictions that are counted."]);
    expect((await api().request("/v1/models/price/compare?a=1&b=2&metric=roc_auc")).status).toBe(400);
  });

  it("the command says why there is nothing to compare", async () => {
    await live([counted("1", 0, [9, 0, 0, 9]), counted("2", 1, [9, 0, 0, 9])]);
    expect(await run()).toEqual({
      code: 0,
      out: "",
      err: "The two were never live in the same bucket of 1h: only one alone in 1 and 1. Let both answer at the same time.\n",
    });
    expect(await run("--champion", "1")).toMatchObject({ code: 2, err: expect.stringContaining("belong together") });
    expect(await run("--champion", "1", "--challenger", "x")).toMatchObject({
      code: 1,
      err: expect.stringContaining("Seen were “2”, “1”."),
    });
  });

  it("the command warns of versions that met other traffic, and shows no name that steers a terminal", async () => {
    await live([counted("1", 0, [900, 50, 50, 9_000]), counted(hostile, 0, [3_000, 50, 50, 6_900])]);
    const { code, out } = await run("--champion", "1", "--challenger", hostile);
    expect(code).toBe(0);
    // oxlint-disable-next-line no-control-regex
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(out).toMatch(/^prevalence .* > 10,000 .* higher, since 2026-01-05 01:00$/m);
    expect(out).toMatch(/^roc_auc .* not yet: a class does not occur$/m);
    expect(out).toContain("The two did not meet the same traffic");
  });
});
