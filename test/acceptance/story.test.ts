import { createHmac } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { DAY, HOUR } from "../../src/model/time.ts";
import { readAlerts } from "../../src/store/alerts.ts";
import { readDeliveries } from "../../src/store/deliveries.ts";
import { readRetrainRuns } from "../../src/store/retrain-runs.ts";
import { ingest, startProgram } from "../support/program.ts";
import { startSmtpCatcher } from "../support/smtp-catcher.ts";
import { createToyModel, type ToyDay } from "../support/toy-model.ts";
import { TOY_START, writeToyProgram } from "../support/toy-program.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

const SECRET = `whsec_${Buffer.from("an acceptance test's own secret!").toString("base64")}`;

/** The whole program as its users have it: a configuration file, rules, a baseline; only the clock is ours. */
async function startStory() {
  const mail = await startSmtpCatcher();
  const hooks = await startWebhookReceiver();
  onTestFinished(async () => {
    await mail.stop();
    await hooks.stop();
  });
  const toy = createToyModel();
  const config = writeToyProgram(
    toy,
    `outgoing: {allow: [127.0.0.1]}
channels:
  ml_oncall: {type: email, to: [ml@example.com], smtp: {host: 127.0.0.1, port: ${mail.port}}}
  ops: {type: webhook, url: "${hooks.url}/alerts", secret: "\${OPS_SECRET}"}
retraining:
  toy: {type: webhook, url: "${hooks.url}/retrain", secret: "\${OPS_SECRET}", cooldown: 30d, dry_run: false}
`,
    { OPS_SECRET: SECRET },
  );
  let now = TOY_START;
  const { app } = await startProgram(config, { clock: () => now, link: () => "https://driftwatch.example.com" });

  /** A day passes: predictions come as it goes, labels after them, and the program looks in the small hours. */
  async function live(day: number, kind: ToyDay = {}): Promise<void> {
    const start = TOY_START + (day - 1) * DAY;
    const { predictions, labels } = toy.day(start, kind);
    now = start + DAY + 2 * HOUR;
    await ingest(app, [...predictions, ...labels]);
    // An hour later the last request is no longer recent, and the clock alone says what is over.
    now = start + DAY + 7 * HOUR;
    await app.tick();
    await app.outbox.settle();
  }
  return { app, mail, hooks, live };
}

test("drift and a loss of accuracy are told by email and webhook and start a retraining; recovery resolves them", async () => {
  const { app, mail, hooks, live } = await startStory();

  for (const day of [1, 2, 3]) await live(day);
  expect(mail.mails).toEqual([]);
  expect(hooks.requests).toEqual([]);

  await live(4, { shift: 5, wrong: 0.4 });
  const retrains = () => hooks.requests.filter((request) => request.path.endsWith("/retrain"));
  const alerts = () => hooks.requests.filter((request) => request.path.endsWith("/alerts"));
  expect(retrains()).toHaveLength(1);
  expect(JSON.parse(retrains()[0]?.body ?? "")).toMatchObject({
    type: "retrain",
    data: { model: "toy", version: "1", rule: "accuracy-drop" },
  });
  expect(mail.mails.map(({ email }) => email.subject)).toEqual([expect.stringMatching(/toy/)]);
  expect(mail.mails[0]?.email.text).toMatch(/Accuracy fell from 0\.\d+ to 0\.\d+/);

  await live(5, { shift: 5, wrong: 0.4 });
  const bodies = alerts().map(
    (request) =>
      JSON.parse(request.body) as {
        data: { alerts: { rule: string; state: string; features: string[]; since: string; summary: string }[] };
      },
  );
  const told = bodies.flatMap((body) => body.data.alerts);
  expect(told.map(({ rule, state, features }) => [rule, state, features])).toEqual([
    ["accuracy-drop", "firing", []],
    ["feature-drift", "firing", ["amount"]],
  ]);
  expect(told[1]?.since).toBe("2026-06-04T00:00:00Z");
  expect(told[1]?.summary).toMatch(/^amount has moved: its median was [\d.]+, and is 1[45][\d.]* now/);
  expect(mail.mails).toHaveLength(2);
  expect(mail.mails[1]?.email.text).toContain("https://driftwatch.example.com/models/toy");
  expect(mail.mails[1]?.email.html).toContain("amount");

  for (const request of hooks.requests) {
    const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signature } = request.headers;
    expect(signature).toBe(
      `v1,${createHmac("sha256", Buffer.from(SECRET.slice(6), "base64"))
        .update(`${String(id)}.${String(time)}.${request.body}`)
        .digest("base64")}`,
    );
  }

  for (const day of [6, 7, 8]) await live(day);
  const states = await readAlerts(app.store, { model: "toy" });
  expect(states.map(({ key, state }) => [key.rule, key.subject, state]).sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))).toEqual([
    ["accuracy-drop", "performance", "resolved"],
    ["feature-drift", "amount", "resolved"],
  ]);
  expect(mail.mails.map(({ email }) => email.text).join("\n")).toMatch(/Accuracy is back to what training leads one to expect/);
  expect(retrains()).toHaveLength(1);

  const runs = await readRetrainRuns(app.store, { limit: 10 });
  expect(runs.map(({ state, rule }) => [state, rule])).toEqual([["started", "accuracy-drop"]]);
  const deliveries = await readDeliveries(app.store, { limit: 100 });
  expect(deliveries.filter((delivery) => delivery.outcome === "failed")).toEqual([]);
}, 120_000);

test("a program that was stopped in the middle goes on where it was, and tells nothing twice", async () => {
  const { app, mail, live } = await startStory();
  await live(1);
  await live(2, { shift: 5 });
  await live(3, { shift: 5 });
  expect(mail.mails).toHaveLength(1);
  await app.stop();
  const { app: next } = await startProgram(app.config, { clock: () => TOY_START + 3 * DAY + 8 * HOUR });
  await next.tick();
  await next.outbox.settle();
  expect(mail.mails).toHaveLength(1);
  expect((await readAlerts(next.store, { model: "toy" })).map(({ state }) => state)).toEqual(["firing"]);
}, 120_000);
