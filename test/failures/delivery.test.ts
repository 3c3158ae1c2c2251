import { setTimeout as sleep } from "node:timers/promises";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { insertTransitions, readUndelivered } from "../../src/store/alerts.ts";
import { exampleTransition } from "../alerting/examples.ts";
import { startDaemon } from "../support/daemon.ts";
import { until } from "../support/kafka-until.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { often } from "../support/soak.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

/** About as many as one life of a daemon delivers before it is killed. */
const EACH = 8;
const TIMEOUT = often(240_000, 2 * 3_600_000);

test(
  "R43 killed while it delivers, the daemon misses nothing, and what comes twice comes under one id",
  async () => {
    const kills = Number(process.env["KILLS"] ?? often(3, 100));
    const random = mulberry32(20_261_122);
    const receiver = await startWebhookReceiver();
    // Slow enough to be killed in the middle, and never twice alike.
    receiver.delayBy(() => Math.floor(random() * 100));
    const directory = scratchDirectory();
    writeFileSync(
      join(directory, "driftwatch.yaml"),
      `store: {path: ./data}
outgoing: {allow: [127.0.0.1]}
models: {m: {task: binary, positive: late}}
channels: {ops: {type: webhook, url: "${receiver.url}"}}
`,
    );
    const transitions = Array.from({ length: kills * EACH + 20 }, (_, index) =>
      ["temp", "visib"].map((subject) => {
        const { key } = exampleTransition();
        const id = `${index}-${subject}`;
        return exampleTransition({ id, alertId: id, key: { ...key, model: `model-${index}`, subject } });
      }),
    ).flat();
    const settings = { kind: "embedded", path: join(directory, "data") } as const;
    const before = await openStore(settings);
    await insertTransitions(before, transitions);
    await before.close();

    let midway = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const seen = receiver.requests.length;
      const daemon = await startDaemon(directory);
      await until("a notification to come", () => receiver.requests.length > seen);
      await sleep(random() * 300);
      // Every other one while it waits for an answer: told, and it does not know.
      if (kill % 2 === 0) await until("a notification to be under way", () => receiver.open() > 0);
      if (receiver.open() > 0) midway += 1;
      daemon.process.kill("SIGKILL");
      await daemon.exited;
    }

    const last = await startDaemon(directory);
    const told = () => {
      const ids = new Map<string, Set<string>>();
      for (const { body, headers } of receiver.requests) {
        const { data } = JSON.parse(body) as { data: { alerts: { id: string }[] } };
        for (const { id } of data.alerts) ids.set(id, (ids.get(id) ?? new Set()).add(String(headers["webhook-id"])));
      }
      return ids;
    };
    await until("everything to be told", () => told().size === transitions.length, TIMEOUT / 2);
    last.process.kill("SIGTERM");
    await last.exited;

    const missed = transitions.filter(({ id }) => !told().has(id)).map(({ id }) => id);
    const underTwoIds = [...told()].filter(([, ids]) => ids.size > 1);
    const notifications = new Set(receiver.requests.map(({ headers }) => headers["webhook-id"])).size;
    console.log(
      `R43: ${kills} kills, ${midway} of them while the receiver held a request: ${notifications} notifications, ${receiver.requests.length - notifications} came twice, ${missed.length} missed`,
    );
    expect({ missed, underTwoIds }).toEqual({ missed: [], underTwoIds: [] });
    expect(midway).toBeGreaterThan(0);
    expect(notifications).toBe(transitions.length / 2);
    const after = await openStore(settings);
    expect(await readUndelivered(after)).toEqual([]);
    await after.close();
    await receiver.stop();
  },
  TIMEOUT,
);
