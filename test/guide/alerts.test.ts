import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { exampleRule, openTemporaryStore } from "../alerting/examples.ts";
import { cli, configFile, connectionTo } from "../cli/terminal.ts";
import { load, loaded } from "../config/workplace.ts";
import { apiOver } from "../support/api.ts";
import { seedModel, seedStore } from "../support/seed.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

const text = readFileSync(new URL("../../docs/alerts.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...text.matchAll(new RegExp("```" + language + "\\n([\\s\\S]*?)```", "g"))].map((match) => match[1] ?? "");

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
  await seedStore(store);
}, 60_000);
afterAll(() => remove());

const NAMES = ["OPS_WEBHOOK_SECRET", "SLACK_WEBHOOK_URL", "TEAMS_WORKFLOW_URL", "PAGERDUTY_ROUTING_KEY", "HEARTBEAT_URL"];
const env = Object.fromEntries(NAMES.map((name) => [name, "https://example.com/secret"]));

test("the configuration of docs/alerts.md loads, a channel of every kind there is", () => {
  const yaml = `models: {m: {task: binary, positive: late}}\n${blocks("yaml")[0] ?? ""}`;
  const config = loaded(load(yaml, {}, { env }));
  const kinds = [...config.channels.values()].map(({ type }) => type);
  expect(kinds).toEqual(["email", "webhook", "slack", "teams", "pagerduty", "alertmanager"]);
  for (const kind of kinds) expect(text).toContain(`| \`${kind}\` |`);
  expect(config.heartbeat).toMatchObject({ every: 60_000 });
});

test("every command of docs/alerts.md does what it is there for", async () => {
  const receiver = await startWebhookReceiver();
  const file = configFile(`models: {flight-delay: {task: binary, positive: late}}
outgoing: {allow: [127.0.0.1]}
channels: {ops: {type: webhook, url: "${receiver.url}"}}
`);
  const { app } = apiOver(store, [seedModel()], { rules: [exampleRule()], clock: Date.now });
  const connection = connectionTo(app);
  const commands = blocks("sh").flatMap((block) =>
    [...block.matchAll(/^npx driftwatch (.*?)(?:\s+#.*)?$/gm)].map((match) => match[1] ?? ""),
  );
  expect(commands).toHaveLength(5);
  for (const command of commands) {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
    const { code, err, out } = await cli([...words, "--config", file], { connect: async () => connection, env: { USER: "ada" } });
    expect([command, code, err]).toEqual([command, 0, ""]);
    expect([command, out === ""]).toEqual([command, false]);
  }
  expect(receiver.requests).toHaveLength(1);
  await receiver.stop();
});

test("every line for curl in docs/alerts.md is answered", async () => {
  const { app } = apiOver(store, [seedModel()], { clock: Date.now });
  const lines = blocks("sh").flatMap((block) => [...block.matchAll(/^curl (.*?)"\$URL([^"]*)"/gm)]);
  expect(lines).toHaveLength(2);
  for (const [, options = "", path = ""] of lines) {
    const answer = await app.request(path, { method: options.includes("-X POST") ? "POST" : "GET" });
    expect([path, answer.status]).toEqual([path, 200]);
  }
});

test("what docs/alerts.md says an alert holds is what the API answers", async () => {
  const { app } = apiOver(store, [seedModel()]);
  const { items } = (await (await app.request("/v1/alerts")).json()) as { items: Record<string, unknown>[] };
  const [alert] = items as [{ explanation: Record<string, unknown> }];
  const rows = [
    ...text.matchAll(/^\| what? ?[^|]*\| ([^|]*) \|/gm),
    ...text.matchAll(/^\| (?:by|how|since|where|with)[^|]*\| ([^|]*) \|/gm),
  ];
  const names = rows.flatMap(([, cell = ""]) => [...cell.matchAll(/`([\w.]+)`/g)].map((match) => match[1] ?? ""));
  expect(names.length).toBeGreaterThan(12);
  for (const name of names) {
    const first = name.replace(/^(?:explanation\.)?(?:detail\.\w+)?/, "") || "summary";
    expect([name, first in alert || first in alert.explanation]).toEqual([name, true]);
  }
});
