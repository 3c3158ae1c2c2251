import { expect, test } from "vitest";
import { DAY, MINUTE } from "../../src/model/time.ts";
import { load, loaded } from "../config/workplace.ts";
import { ndjson } from "../support/messages.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { play, startProgram } from "../support/program.ts";

const START = Date.UTC(2026, 5, 1);

/**
 * The score follows `colour` (red is risky) and `size`; errors are made of red ones. `noise` follows nothing, and the
 * day after training is redder, has no more sizes above the middle for a tenth of rows, and louder noise.
 */
function rows(count: number, start: number, red: number, loud: number, seed: number) {
  const random = mulberry32(seed);
  return Array.from({ length: count }, (_, index) => {
    const colour = random() < red ? "red" : random() < 0.5 ? "green" : "blue";
    const size = Math.round(1_000 * random()) / 1_000;
    const risk = (colour === "red" ? 0.6 : 0.1) + 0.2 * size;
    const late = random() < (colour === "red" ? 0.5 : 0.05);
    return {
      type: "prediction",
      id: `${start}-${index}`,
      model: "m",
      version: "1",
      time: new Date(start + index * (MINUTE / 4)).toISOString(),
      features: { colour, size, noise: Math.round(1_000 * (random() + loud)) / 1_000 },
      prediction: risk > 0.5 ? "late" : "on_time",
      score: risk,
      label: late ? "late" : "on_time",
    };
  });
}

test("the feature that moved the score and the errors is named, with how much it could explain; one that moved and matters not is not", async () => {
  const reference = rows(4_000, START - 30 * DAY, 0.2, 0, 1);
  const yaml = `store: {path: ./data}
alerts: []
clock: replay
models: {m: {task: binary, positive: late, labels: {expected_within: 1h}, baselines: {training: {file: reference.ndjson}}}}
`;
  const { app } = await startProgram(loaded(load(yaml, { "reference.ndjson": ndjson(reference) })));
  const current = rows(2_000, START, 0.5, 0.5, 2);
  // The day after that nothing moves, but the truth is another.
  const turned = rows(2_000, START + DAY, 0.2, 0, 3).map((row) => ({ ...row, label: row.label === "late" ? "on_time" : "late" }));
  const events = [...current, ...turned].flatMap(({ label, ...row }) => [
    row,
    { type: "label", id: row.id, model: "m", time: new Date(START + 2 * DAY).toISOString(), label },
  ]);
  await play(app, events);
  const window = { from: START, to: START + DAY };
  const found = await app.monitor.measure({ model: "m", window, baselines: ["training"], families: ["drift", "performance"] });

  // By the rows themselves: what the mean would be if the reference had as many of each colour as there are now.
  const mean = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;
  const share = (list: typeof reference, colour: string) => mean(list.map((row) => Number(row.features.colour === colour)));
  const change = (quantity: (row: (typeof reference)[number]) => number) =>
    ["red", "green", "blue"].reduce(
      (sum, colour) =>
        sum +
        (share(current, colour) - share(reference, colour)) * mean(reference.filter((row) => row.features.colour === colour).map(quantity)),
      0,
    );
  const ofScore = change((row) => row.score);
  const ofErrors = change((row) => Number(row.label !== row.prediction));
  expect(ofScore).toBeGreaterThan(0.1);

  const colour = found.find((one) => one.feature === "colour" && one.metric === "psi");
  expect(colour?.detail.explains?.score?.change).toBeCloseTo(ofScore, 9);
  expect(colour?.detail.explains?.error?.change).toBeCloseTo(ofErrors, 9);
  const noise = found.find((one) => one.feature === "noise" && one.metric === "wasserstein");
  expect(noise?.value).toBeGreaterThan(1);
  expect(noise?.detail.explains?.score?.unknown).toBe(0);
  expect(Math.abs(noise?.detail.explains?.score?.change ?? 1)).toBeLessThan(0.03);

  const score = found.find((one) => one.subject === "score" && one.metric === "wasserstein");
  expect(score?.detail.causes?.map(({ feature }) => feature)).toEqual(["colour"]);
  const accuracy = found.find((one) => one.metric === "accuracy");
  expect(accuracy?.detail.causes?.map(({ feature }) => feature)).toEqual(["colour"]);
  expect(accuracy?.detail.causes?.[0]?.change).toBeCloseTo(ofErrors, 9);

  const after = { from: START + DAY, to: START + 2 * DAY };
  const measured = await app.monitor.measure({ model: "m", window: after, baselines: ["training"], families: ["performance"] });
  const lost = measured.find(({ metric }) => metric === "accuracy");
  expect(lost?.value).toBeLessThan(0.4);
  // That none could do it is said, and differs from not knowing.
  expect(lost?.detail.causes).toEqual([]);
}, 60_000);
