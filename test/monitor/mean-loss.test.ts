import { describe, expect, it } from "vitest";
import { valueOf } from "../../src/monitor/performance-values.ts";
import { goldens } from "../stats/goldens.ts";
import { binaryOutcomes, withBins } from "../support/outcomes.ts";

const evaluation = { grid: { task: "binary", positive: "yes" }, value: null } as const;

/** Rows with these losses, all of them positives with a score in one bin. */
function losing(losses: readonly number[]) {
  const sum = losses.reduce((total, loss) => total + loss, 0);
  const squares = losses.reduce((total, loss) => total + loss * loss, 0);
  const rows = { positives: { 501: losses.length } };
  return withBins(binaryOutcomes([losses.length, 0, 0, 0]), rows, { log_loss: { 0: sum }, log_loss_squared: { 0: squares } });
}

describe("a mean loss", () => {
  it("agrees with scikit-learn, its interval with SciPy's t", () => {
    const { each, value, ci } = goldens.logLoss.sample;
    const found = valueOf("log_loss", losing(each), evaluation);
    expect(found?.value).toBeCloseTo(value, 12);
    expect(found?.ci?.[0]).toBeCloseTo(ci[0], 12);
    expect(found?.ci?.[1]).toBeCloseTo(ci[1], 12);
  });

  it("is as uncertain as its losses scatter, though its interval ends at 0", () => {
    const losses = [...new Array<number>(39).fill(0), 6];
    const found = valueOf("log_loss", losing(losses), evaluation);
    expect(found?.ci?.[0]).toBe(0);
    const mean = 6 / 40;
    const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / 39 / 40;
    expect(found?.variance).toBeCloseTo(variance, 12);
  });

  it("has no interval of one row, and one of no width of equal losses", () => {
    expect(valueOf("log_loss", losing([0.7]), evaluation)).toMatchObject({ value: 0.7, ci: null, variance: null });
    expect(valueOf("log_loss", losing([0.5, 0.5, 0.5, 0.5]), evaluation)).toMatchObject({ value: 0.5, ci: [0.5, 0.5] });
  });
});
