import { expect, test } from "vitest";
import { DAY, HOUR } from "../../src/model/time.ts";
import { readAlerts } from "../../src/store/alerts.ts";
import { readDistribution } from "../../src/report/distribution.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { ingest, play, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { driftRule, fileBaseline, toyConfig } from "../support/toy-config.ts";
import { createToyModel } from "../support/toy-model.ts";

const START = Date.UTC(2026, 5, 1);

test("drift of labels waits for them, is judged once they have had their time, and is revised by late ones", async () => {
  const toy = createToyModel();
  const training = Array.from({ length: 20 }, (_, day) => toy.day(START - (20 - day) * DAY)).flatMap(({ predictions, labels }) =>
    predictions.map((row, index) => ({ ...row, label: labels[index]?.label })),
  );
  const directory = scratchDirectory();
  const rule = driftRule(new Map([["psi", 0.3]]), { metric: "psi", of: ["label"], baseline: "training" }, { name: "labels" });
  const config = toyConfig(directory, { baselines: [fileBaseline(directory, training)], labelsExpectedWithin: 6 * HOUR }, [rule]);
  const { app } = await startProgram(config);
  const stored = async () =>
    (await readMeasurements(app.store, { model: "toy", subject: "label", metric: "psi", upTo: START + DAY })).map(
      ({ status, labelled, revision, value }) => ({ status, labelled, revision, value }),
    );
  const alerts = async () => (await readAlerts(app.store)).map(({ key, state }) => `${key.rule} ${key.subject} ${state}`);

  const later = toy.day(START + DAY).predictions;
  // All of one kind, but for a few that come late.
  const { predictions, labels } = toy.day(START);
  const positive = labels.map((label) => ({ ...label, label: "yes" }));
  await ingest(app, [...predictions, ...positive.slice(0, 100), ...later.slice(0, 2)]);
  await app.tick();
  expect(await stored()).toMatchObject([{ status: "labels_pending", labelled: 100 }]);
  expect(await alerts()).toEqual([]);

  await play(app, later.slice(2));
  const [ripe] = await stored();
  expect(ripe).toMatchObject({ status: "ok", labelled: 100, revision: 2 });
  expect(ripe?.value).toBeGreaterThan(1);
  expect(await alerts()).toEqual(["labels label firing"]);

  const model = config.models.get("toy");
  if (!model) throw new Error("There is no such model.");
  const key = { subject: "label", feature: "" } as const;
  const window = { from: START, to: START + DAY };
  const drawn = await readDistribution({ store: app.store, model, key, version: "1", window, baseline: "training" });
  expect(drawn).toMatchObject({ kind: "categorical", current: { rows: 120, missing: 20 }, reference: { rows: 2_400, missing: 0 } });
  expect(drawn?.bars.map(({ label, current }) => ({ label, current }))).toEqual([
    { label: "yes", current: 1 },
    { label: "(other)", current: 0 },
  ]);

  await play(
    app,
    positive.slice(100).map((label) => ({ ...label, label: "no" })),
  );
  const [revised] = await stored();
  expect(revised).toMatchObject({ status: "ok", labelled: 120, revision: 3 });
  expect(revised?.value).toBeLessThan(ripe?.value ?? NaN);
}, 60_000);
