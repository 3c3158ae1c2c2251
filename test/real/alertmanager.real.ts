import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createOutbox } from "../../src/alerting/outbox.ts";
import { createRefresh } from "../../src/alerting/refresh.ts";
import { silentLog } from "../../src/log.ts";
import type { Transition } from "../../src/model/alert.ts";
import { MINUTE } from "../../src/model/time.ts";
import { createCall } from "../../src/notify/guarded-call.ts";
import { createNotifiers } from "../../src/notify/notifier.ts";
import { createSignedPost } from "../../src/notify/signed-post.ts";
import { insertTransitions } from "../../src/store/alerts.ts";
import type { Store } from "../../src/store/store.ts";
import { exampleTransition, openTemporaryStore } from "../alerting/examples.ts";
import { freePorts } from "../support/kafka-broker.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

/**
 * A real Alertmanager, from PATH or `ALERTMANAGER`:
 * `go install github.com/prometheus/alertmanager/cmd/alertmanager@v0.28.1`.
 */
const binary = process.env["ALERTMANAGER"] ?? "alertmanager";

type Shown = {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly status: { readonly state: string; readonly silencedBy: string[] };
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
};

let store: Store;
let remove: () => Promise<void>;
let url = "";
let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  if (spawnSync(binary, ["--version"]).error) throw new Error(`there is no ${binary}: install it, or name it in ALERTMANAGER`);
  ({ store, remove } = await openTemporaryStore());
  receiver = await startWebhookReceiver();
  const directory = scratchDirectory();
  const [port] = await freePorts();
  url = `http://127.0.0.1:${port}`;
  writeFileSync(
    join(directory, "am.yml"),
    `route: {receiver: hook, group_by: [model], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: hook, webhook_configs: [{url: "${receiver.url}"}]}]
`,
  );
  const child = spawn(
    binary,
    [
      `--config.file=am.yml`,
      `--storage.path=${join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
    { cwd: directory, stdio: "ignore" },
  );
  const exited = new Promise((resolve) => child.once("exit", resolve));
  ends.push(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  await until("Alertmanager to be ready", async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok === true, 60_000);
});
afterAll(async () => {
  for (const end of ends) await end();
  await receiver.stop();
  await remove();
});

const shown = async () => (await (await fetch(`${url}/api/v2/alerts`)).json()) as Shown[];
/** What Alertmanager told its own receiver. */
const told = () =>
  receiver.requests.flatMap(({ body }) => (JSON.parse(body) as { alerts: { status: string; labels: { subject: string } }[] }).alerts);

test("Alertmanager shows our alerts, silences them, keeps them while they fire, and resolves them", async () => {
  const started = Date.now() - 10 * MINUTE;
  const names = ["temp", `"} evil{\n`];
  const fired = names.map((subject, index): Transition => {
    const { key } = exampleTransition();
    const id = `f${index}`;
    return exampleTransition({
      id,
      alertId: id,
      key: { ...key, subject },
      since: started,
      window: { from: started, to: started + MINUTE },
    });
  });
  await insertTransitions(store, fired);
  const call = createCall({ allow: ["127.0.0.1"] });
  const channels = createNotifiers(
    new Map([["ops", { type: "alertmanager", name: "ops", repeatEvery: null, url, labels: new Map([["team", "ml"]]) }]]),
    { call, post: createSignedPost(call) },
  );
  const link = () => "https://dw.example/models/flight-delay";
  const shared = { store, channels, clock: Date.now, log: silentLog, link };
  const outbox = createOutbox(shared);
  expect(await outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });

  const alerts = await shown();
  expect(new Set(alerts.map(({ labels }) => labels.subject))).toEqual(new Set([`"} evil{ `, "temp"]));
  const temp = alerts.find(({ labels }) => labels.subject === "temp");
  expect(temp).toMatchObject({
    labels: { alertname: "feature-drift", model: "flight-delay", version: "2013-q1", severity: "warning", team: "ml" },
    annotations: { summary: "visib is 1.61 times what it was.", likely: "kilometres for miles" },
    generatorURL: "https://dw.example/alerts/f0",
    status: { silencedBy: [] },
  });
  expect(Math.abs(Date.parse(temp?.startsAt ?? "") - started)).toBeLessThan(1_000);
  await until("its receiver to be told", () => told().filter(({ status }) => status === "firing").length === 2, 30_000);

  // A silence made there, on labels of ours.
  const silence = await fetch(`${url}/api/v2/silences`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      matchers: [{ name: "subject", value: "temp", isRegex: false, isEqual: true }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 10 * MINUTE).toISOString(),
      createdBy: "ada",
      comment: "known",
    }),
  });
  const { silenceID } = (await silence.json()) as { silenceID: string };
  await until("the silence to hold", async () => {
    const one = (await shown()).find(({ labels }) => labels.subject === "temp");
    return one?.status.silencedBy.includes(silenceID) === true;
  });

  // Sent again, the same alerts hold on for longer.
  const before = (await shown()).map(({ endsAt }) => Date.parse(endsAt));
  const refresh = createRefresh(shared);
  expect(await refresh.refresh()).toBe(1);
  await until("what fires to hold on", async () =>
    (await shown()).every(({ endsAt }, index) => Date.parse(endsAt) > (before[index] ?? Infinity)),
  );
  expect(await shown()).toHaveLength(2);

  // The end of one ends that one.
  const end = exampleTransition({
    ...(fired[1] as Transition),
    id: "f1-over",
    from: "recovering",
    to: "resolved",
    window: { from: Date.now() - MINUTE, to: Date.now() },
  });
  await insertTransitions(store, [end]);
  outbox.add([end]);
  expect(await outbox.deliver()).toEqual({ sent: 1, retry: 0, failed: 0 });
  await until("the alert to be gone", async () => (await shown()).length === 1);
  await until("its receiver to be told of the end", () => told().some(({ status }) => status === "resolved"), 30_000);
  expect(await refresh.refresh()).toBe(1);
  expect((await shown()).map(({ labels }) => labels.subject)).toEqual(["temp"]);
});
