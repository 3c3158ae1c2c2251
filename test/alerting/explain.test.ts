import { describe, expect, it } from "vitest";
import { explain } from "../../src/alerting/explain.ts";
import { judge } from "../../src/alerting/judge.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { TRAFFIC_METRICS, type Metric } from "../../src/model/metric.ts";
import { DAY } from "../../src/model/time.ts";
import { TOOLS, DAY_0, exampleMeasurement, exampleRule } from "./examples.ts";

function told(
  changes: Partial<Measurement>,
  rule = exampleRule(),
  change: Parameters<typeof explain>[2] = { from: "normal", to: "firing" },
) {
  const [judgement] = judge(rule, [exampleMeasurement(changes)], TOOLS);
  if (!judgement) throw new Error("the rule does not watch this");
  return explain(rule, judgement, change, DAY_0);
}

const qualityRule = (metric: Metric, isOfModel = false) =>
  exampleRule({
    measure: { metric, of: isOfModel ? null : "features", baseline: "training", window: DAY, every: DAY },
    fire: { above: new Map([[metric, 0.1]]), drop: null, falseAlarms: 0.01 },
  });

describe("the summary", () => {
  it("names a change of unit", () => {
    const detail = {
      nullWindows: 38,
      scale: {
        reference: 10,
        current: 16.093,
        ratio: 1.60934,
        unit: "kilometres for miles",
        from: DAY_0,
      },
    };
    expect(told({ detail }).summary).toBe(
      "visib is 1.609 times what it was: likely kilometres for miles, since 2 Sep 2013 00:00 UTC; its median was 10, and is 16.1 now. " +
        "Its normalised Wasserstein distance is 0.62, where 0.04 is usual without a change; the rule fires 0.1 above that. " +
        "Chance is an unlikely cause: p = 0.0004, measured against 38 windows of the same length in the baseline. " +
        "Since 2 Sep 2013 00:00 UTC; 834 rows of version 2013-q1 in the newest window.",
    );
  });

  it("shows a category before and after, and what was never seen", () => {
    const detail = {
      bins: [
        { bin: "DL", reference: 0.12, current: 0.403, contribution: 0.3 },
        { bin: "AA", reference: 0.2, current: 0.05, contribution: 0.2 },
      ],
      unseen: [{ value: "ZZ", rows: 120 }],
    };
    expect(told({ feature: "carrier", metric: "psi", value: 0.5, detail }).summary).toMatch(
      /^carrier has moved: DL went from 12% to 40\.3% of rows and AA went from 20% to 5%; never seen before: ZZ in 120 rows\. /,
    );
  });

  it("says what the move of a feature could do, where that is more than noise", () => {
    const of = (change: number, standardError: number) => ({ change, standardError, unknown: 0 });
    const summary = (explains: NonNullable<Measurement["detail"]["explains"]>) => told({ detail: { explains } }).summary;
    expect(summary({ score: of(0.12, 0.01), error: of(-0.031, 0.002) })).toContain(
      " By itself this would move the mean score by +0.12 and the mean error by -0.031. ",
    );
    expect(summary({ score: of(0.12, 0.05), error: null })).not.toContain("By itself");
    const causes = [
      { feature: "colour", ...of(0.12, 0.01) },
      { feature: "size", ...of(-0.05, 0.01) },
    ];
    expect(
      told({ feature: null, subject: "score", detail: { causes } }, exampleRule({ measure: { ...exampleRule().measure, of: ["score"] } }))
        .summary,
    ).toContain(" The move of colour alone would move the mean score by +0.12, that of size by -0.05. ");
    const errorsOf = (metric: "r2" | "accuracy") => {
      const rule = exampleRule({
        measure: { metric, of: null, baseline: "training", window: DAY, every: DAY },
        fire: { above: new Map(), drop: 0.03, falseAlarms: 0.01 },
      });
      return told({ subject: "performance", feature: null, metric, value: 0.5, labelled: 800, detail: { reference: 0.9, causes } }, rule)
        .summary;
    };
    // The move of size would have made fewer errors: that explains no loss.
    expect(errorsOf("accuracy")).toContain(" The move of colour alone would move the share of errors by +0.12. Since ");
    expect(errorsOf("r2")).toContain(" The move of colour alone would move the mean error by +0.12");
  });

  it("names a window of days as a whole, since what it tells of may have begun near its end", () => {
    const week = { from: DAY_0, to: DAY_0 + 7 * DAY };
    const rule = exampleRule({ measure: { ...exampleRule().measure, window: 7 * DAY } });
    const words = "ince the window from 2 Sep 2013 00:00 UTC to 9 Sep 2013 00:00 UTC";
    expect(told(week, rule).summary).toContain(` S${words}; 834 rows`);
    expect(told({ ...week, value: 0.05, pValue: 0.5 }, rule, { from: "recovering", to: "resolved" }).summary).toContain(
      ` It had held s${words}.`,
    );
  });

  it("says when the data broke rather than moved, once", () => {
    const verdict = {
      kind: "break",
      cause: "renamed",
      reason: "Categories are gone, and values never seen hold their share: they seem to be renamed.",
      before: 0.2,
      now: 0.2,
      values: ["DL"],
    } as const;
    const renamed = told({ feature: "carrier", metric: "psi", value: 0.5, detail: { verdict } });
    expect(renamed.summary).toContain(
      "It looks like a break of the data, not a drift: categories are gone, and values never seen hold their share: they seem to be renamed (DL). ",
    );
    expect(renamed.explanation.likely).toBe("categories are gone, and values never seen hold their share: they seem to be renamed (DL)");
    const drift = told({ detail: { verdict: { ...verdict, kind: "drift", cause: "moved", reason: "The values moved." } } });
    expect(drift.summary).not.toContain("It looks like");
    expect(drift.explanation.likely).toBeNull();
    const stuck = told(
      { metric: "constant", value: 1, expected: 0, detail: { only: "7", verdict: { ...verdict, cause: "constant" } } },
      qualityRule("constant"),
    );
    expect(stuck.summary).toMatch(/^visib is 7 in all of 834 rows, where it used to vary\. Its being one value alone is 1/);
    expect(stuck.summary).not.toContain("It looks like");
  });

  it.each<[Partial<Measurement>, RegExp]>([
    [{ metric: "type_mismatch_rate", value: 0.3 }, /^30% of the values of visib are of another type than the baseline's\. /],
    [{ metric: "non_finite_rate", value: 0.3 }, /^30% of the values of visib are no finite numbers\. /],
    [
      { metric: "unknown_feature_rate", value: 0.3, detail: { unknown: [{ feature: "a\u202eb", rows: 3 }] } },
      /^30% of rows carry features that no baseline knows: “a\ufffdb”\. /,
    ],
    [{ metric: "conflict_rate", value: 0.3 }, /^30% of rows came with the id of another row, and other content: /],
    [
      { metric: "volume_drop", value: 0.9, detail: { usual: { level: 8_340, windows: 14, like: "length" } } },
      /^834 rows of the model came, of the usual 8,340: 90% are missing\. /,
    ],
    [{ metric: "volume_rise", value: 3 }, /^834 rows of the model came, instead of what is usual\. /],
    [
      { metric: "silence_rate", value: 0.5, detail: { last: DAY_0 + DAY / 2 } },
      /^No row of the model came in the last 50% of the window, none since 2 Sep 2013 12:00 UTC\. /,
    ],
  ])("says what is wrong with the data: %j", (changes, expected) => {
    const metric = changes.metric ?? "missing_rate";
    const isOfModel = (TRAFFIC_METRICS as readonly string[]).includes(metric);
    const { summary } = told(
      { expected: 0, ...(isOfModel ? { subject: "traffic", feature: null } : {}), ...changes },
      qualityRule(metric, isOfModel),
    );
    expect(summary).toMatch(expected);
  });

  it("tells a fall in accuracy with its interval and how many labels stand behind it", () => {
    const rule = exampleRule({
      measure: { metric: "accuracy", of: null, baseline: "training", window: DAY, every: DAY },
      fire: { above: new Map(), drop: 0.03, falseAlarms: 0.01 },
    });
    const { summary } = told(
      {
        subject: "performance",
        feature: null,
        metric: "accuracy",
        value: 0.741,
        ci: [0.71, 0.77],
        labelled: 1204,
        detail: { reference: 0.82, labelCoverage: 0.81 },
      },
      rule,
    );
    expect(summary).toMatch(
      /^Accuracy fell from 0\.82 to 0\.741 \(interval 0\.71 to 0\.77\) on 1,204 rows with a label, 81% of the window's predictions\. The rule fires at a loss of more than 0\.03 against training\./,
    );
  });

  it("says how it ended", () => {
    expect(told({ value: 0.05, pValue: 0.5 }, exampleRule(), { from: "recovering", to: "resolved" }).summary).toBe(
      "visib is back to what training leads one to expect. Normalised Wasserstein distance is 0.05, where 0.04 is usual; p = 0.5. It had held since 2 Sep 2013 00:00 UTC.",
    );
  });

  it("keeps hostile names harmless, in sentences, commands and paths", () => {
    const { summary, explanation } = told({
      model: "m'; rm -rf /\r\n",
      feature: "a\r\nBcc: x\u202e",
      detail: { bins: [{ bin: "<script>\u0007", reference: 0.1, current: 0.99, contribution: 1 }] },
    });
    // oxlint-disable-next-line no-control-regex
    expect(summary + explanation.hints.join("")).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(explanation.hints[0]).toContain(String.raw`--model 'm'\''; rm -rf /`);
    expect(explanation.hints[1]).toMatch(/^\/models\/m'%3B%20rm%20-rf%20%2F%0D%0A\/features\/a%0D%0ABcc%3A%20x%E2%80%AE\?/);
    expect(explanation.likely).toMatch(/^a value that is stuck: 99% of rows fall in “<script>/);
  });
});

describe("the kind of a change", () => {
  const kindOf = (changes: Partial<Measurement>, rule = exampleRule()) => told(changes, rule).explanation.kind;
  const performance = (metric: Metric) =>
    exampleRule({
      measure: { metric, of: null, baseline: "training", window: DAY, every: DAY },
      fire: { above: new Map(), drop: 0.03, falseAlarms: 0.01 },
    });
  const loss = (causes: readonly number[] | null, metric: Metric = "accuracy", value = 0.8) => {
    const moves = causes?.map((change, index) => ({ feature: `f${index}`, change, standardError: 0.001, unknown: 0 }));
    const changes = { subject: "performance", feature: null, metric, value, labelled: 800 } as const;
    const { explanation } = told({ ...changes, detail: { reference: 0.9, ...(moves ? { causes: moves } : {}) } }, performance(metric));
    return [explanation.kind, explanation.likely];
  };

  it("is a break or a drift, as far as the values tell", () => {
    const scale = { reference: 10, current: 16.093, ratio: 1.60934, unit: "kilometres for miles" };
    const verdict = { cause: "moved", reason: "The values moved.", before: 0, now: 0.6 } as const;
    expect(kindOf({ detail: { scale } })).toBe("break");
    expect(kindOf({ detail: { verdict: { ...verdict, kind: "break", cause: "constant" } } })).toBe("break");
    expect(kindOf({ detail: { verdict: { ...verdict, kind: "drift" } } })).toBe("drift");
    expect(kindOf({ detail: {} })).toBe("drift");
    expect(kindOf({ detail: { verdict: { ...verdict, kind: "unclear" } } })).toBeNull();
    expect(kindOf({ metric: "type_mismatch_rate", value: 0.5 }, qualityRule("type_mismatch_rate"))).toBe("break");
    expect(kindOf({ metric: "missing_rate", value: 1 }, qualityRule("missing_rate"))).toBe("break");
    expect(kindOf({ metric: "missing_rate", value: 0.3 }, qualityRule("missing_rate"))).toBeNull();
  });

  it("of a loss is other inputs where the move of one would do half of it, and another meaning where all do little", () => {
    expect(loss([0.08, 0.01])).toEqual(["mix_shift", "other inputs than before: the move of f0 alone would do 80% of it"]);
    expect(loss([0.01, -0.05])).toEqual(["concept", "inputs have come to mean something else: their moves alone would do little of this"]);
    expect(loss([0.03])).toEqual([null, null]);
    // All were looked at and none could do anything; or nothing was; or there is no loss.
    expect(loss([])[0]).toBe("concept");
    expect(loss(null)).toEqual([null, null]);
    expect(loss([0.01], "accuracy", 0.95)).toEqual([null, null]);
    // What a feature's move does to errors says nothing of these.
    expect(loss([0.08], "precision")).toEqual([null, null]);
    expect(
      kindOf(
        { subject: "performance", feature: null, metric: "estimated_accuracy", value: 0.8, detail: { reference: 0.9 } },
        performance("estimated_accuracy"),
      ),
    ).toBe("mix_shift");
  });
});

describe("what moved with it", () => {
  it("is named, largest first, of the same segment alone", () => {
    const measurements = ["visib", "temp", "dewp", "wind", "humid", "quiet"].map((feature, index) =>
      exampleMeasurement({ feature, value: feature === "quiet" ? 0.05 : 0.3 + index / 10, pValue: feature === "quiet" ? 0.5 : 0.0001 }),
    );
    const judgements = judge(exampleRule(), measurements, TOOLS);
    const [first] = judgements;
    if (!first) throw new Error("the rule does not watch this");
    const { summary, explanation } = explain(exampleRule(), first, { from: "normal", to: "firing" }, DAY_0, undefined, judgements);
    expect(explanation.alongside.map(({ subject, metric }) => [subject, metric])).toEqual(
      ["humid", "wind", "dewp", "temp"].map((subject) => [subject, "wasserstein"]),
    );
    expect(summary).toContain(" Moved in the same window: humid, wind, dewp and another. ");
    const elsewhere = judgements.map((one) => ({ ...one, measurement: { ...one.measurement, segment: "carrier=DL" } }));
    expect(explain(exampleRule(), first, { from: "normal", to: "firing" }, DAY_0, undefined, elsewhere).explanation.alongside).toEqual([]);
  });
});
