import { describe, expect, onTestFinished, test } from "vitest";
import { DAY, HOUR, MINUTE } from "../../src/model/time.ts";
import { readAlerts, readTransitions } from "../../src/store/alerts.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { ingest, startProgram } from "../support/program.ts";
import { createToyModel, type ToyDay } from "../support/toy-model.ts";
import { TOY_START, writeToyProgram } from "../support/toy-program.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

/** The whole program by the wall clock, which is ours, telling a real receiver. */
async function startLate() {
  const hooks = await startWebhookReceiver();
  onTestFinished(() => hooks.stop());
  const toy = createToyModel();
  const config = writeToyProgram(
    toy,
    `outgoing: {allow: [127.0.0.1]}\nchannels:\n  ops: {type: webhook, url: "${hooks.url}/alerts", repeat_every: 90d}\n`,
  );
  let now = TOY_START;
  const { app } = await startProgram(config, { clock: () => now });
  const at = async (time: number, events: readonly object[] = []) => {
    now = time;
    await ingest(app, events);
    now += 5 * HOUR;
    await app.tick();
    await app.outbox.settle();
  };
  const dayOf = (day: number, kind: ToyDay = {}) => {
    const { predictions, labels } = toy.day(TOY_START + (day - 1) * DAY, kind);
    return { predictions, labels, all: [...predictions, ...labels], end: TOY_START + day * DAY + 2 * HOUR };
  };
  const told = () =>
    hooks.requests.map(
      ({ body }) =>
        (
          JSON.parse(body) as {
            data: { alerts: { rule: string; state: string; fired_untold: boolean; reason: string | null; summary: string }[] };
          }
        ).data.alerts,
    );
  return { app, at, dayOf, told, config };
}

const changes = async (app: Awaited<ReturnType<typeof startLate>>["app"], rule: string) =>
  (await readTransitions(app.store, { limit: 99 }))
    .filter(({ key }) => key.rule === rule)
    .reverse()
    .map(({ from, to, reason = "" }) => `${from} -> ${to} ${reason}`.trim());

test("labels that come late take an alert back, and a backfill into a program that went on is told as what it came to", async () => {
  const { app, at, dayOf, told, config } = await startLate();
  const calm = dayOf(1);
  await at(calm.end, calm.all);
  const wrong = dayOf(2, { wrong: 0.5 });
  await at(wrong.end, wrong.all);
  expect(
    told()
      .flat()
      .map(({ rule, state }) => [rule, state]),
  ).toEqual([["accuracy-drop", "firing"]]);
  const right = new Map(wrong.predictions.map(({ id, prediction }) => [id, prediction]));
  await at(
    wrong.end + 6 * HOUR,
    wrong.labels.map((label) => ({ ...label, label: right.get(label.id), revision: 1 })),
  );
  expect(await changes(app, "accuracy-drop")).toEqual(["normal -> firing", "firing -> resolved retracted"]);
  expect(told().at(-1)).toMatchObject([{ rule: "accuracy-drop", state: "resolved", summary: expect.stringMatching(/^Taken back: /) }]);

  const before = told().length;
  const days = [dayOf(3, { shift: 5 }), dayOf(4, { shift: 5 }), dayOf(5), dayOf(6)];
  for (const [index, day] of days.entries()) await at(day.end, index < 2 ? day.predictions.slice(0, 20) : day.all);
  expect(told()).toHaveLength(before);
  await at(
    (days.at(-1)?.end ?? 0) + 6 * HOUR,
    days.slice(0, 2).flatMap(({ all }) => all),
  );
  expect(told().slice(before).flat()).toMatchObject([{ rule: "feature-drift", state: "resolved", fired_untold: true }]);
  expect(await changes(app, "feature-drift")).toEqual(["normal -> firing revised", "firing -> resolved revised"]);

  // What nothing judges any more is closed when the program starts without it, and told.
  const last = [dayOf(7, { shift: 5 }), dayOf(8, { shift: 5 })];
  for (const day of last) await at(day.end, day.all);
  expect(told().at(-1)).toMatchObject([{ rule: "feature-drift", state: "firing", reason: null }]);
  await app.stop();
  const { app: next } = await startProgram({ ...config, rules: [] }, { clock: () => (last.at(-1)?.end ?? 0) + 6 * HOUR });
  await next.outbox.settle();
  expect(told().at(-1)).toMatchObject([{ rule: "feature-drift", state: "resolved", reason: "rule_removed" }]);
}, 120_000);

describe("R29 hours without the program", () => {
  test("R28 are judged when it is back, once, however its clock jumps, and people hear what they came to", async () => {
    const { app, at, dayOf, told, config } = await startLate();
    const first = dayOf(1);
    await at(first.end, first.all);
    await app.stop();
    const missed = [dayOf(2, { shift: 5 }), dayOf(3, { shift: 5 }), dayOf(4), dayOf(5)];
    let now = (missed.at(-1)?.end ?? 0) + 6 * HOUR;
    const { app: next } = await startProgram(config, { clock: () => now });
    for (const { all } of missed) await ingest(next, all);
    await next.tick();
    await next.outbox.settle();
    expect(
      told()
        .flat()
        .filter(({ rule }) => rule === "feature-drift"),
    ).toMatchObject([{ state: "resolved", fired_untold: true }]);
    expect(told()).toHaveLength(1);
    const ends = async () =>
      (await readMeasurements(next.store, { model: "toy", metric: "wasserstein", subject: "amount" })).map(({ to }) => to);
    const before = await ends();
    const stored = await readTransitions(next.store, { limit: 99 });
    for (const jump of [-HOUR, 2 * HOUR, -HOUR, 5 * MINUTE]) {
      now += jump;
      await next.tick();
    }
    expect(await ends()).toEqual(before);
    expect(new Set(before).size).toBe(before.length);
    expect(await readTransitions(next.store, { limit: 99 })).toEqual(stored);
    expect((await readAlerts(next.store, { model: "toy" })).map(({ state }) => state)).toEqual(["resolved"]);
  }, 120_000);
});
