import { onTestFinished } from "vitest";
import type { App } from "../../src/app.ts";
import type { Config } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { parseExposition, type Family } from "./exposition.ts";
import { messagesOf } from "./messages.ts";
import { startProgram } from "./program.ts";
import { serveApp } from "./serve-app.ts";
import { createToyModel, type ToyDay } from "./toy-model.ts";
import { TOY_START, writeToyProgram } from "./toy-program.ts";
import { startWebhookReceiver } from "./webhook-receiver.ts";

export type WatchedProgram = {
  readonly app: App;
  readonly url: string;
  readonly hooks: Awaited<ReturnType<typeof startWebhookReceiver>>;
  /** A day passes, and the program looks at it in the small hours; `more` arrives beside the toy model's events. */
  live(day: number, kind?: ToyDay, more?: readonly (object | string)[]): Promise<void>;
  ingest(events: readonly (object | string)[]): Promise<void>;
  /** Lets the clock run on to some hours after the last look. */
  wait(hours: number): void;
  scrape(): Promise<Map<string, Family>>;
};

/**
 * The whole program with a toy model, rules, a baseline, a retraining, and three channels at a real receiver: `ops`
 * takes all, `busy` has no time, `strict` refuses.
 */
export async function startWatchedProgram(changes: Partial<Config> = {}): Promise<WatchedProgram> {
  const hooks = await startWebhookReceiver();
  onTestFinished(() => hooks.stop());
  hooks.answerWith(({ path }) => ({ status: path.endsWith("/busy") ? 503 : path.endsWith("/strict") ? 400 : 200 }));
  const toy = createToyModel();
  const config = writeToyProgram(
    toy,
    `outgoing: {allow: [127.0.0.1]}
channels:
  ops: {type: webhook, url: "${hooks.url}/ops"}
  busy: {type: webhook, url: "${hooks.url}/busy"}
  strict: {type: webhook, url: "${hooks.url}/strict"}
retraining:
  toy: {type: webhook, url: "${hooks.url}/retrain", dry_run: false}
`,
  );
  let now = TOY_START;
  const { app } = await startProgram({ ...config, ...changes }, { clock: () => now });
  const server = await serveApp(app);
  onTestFinished(() => server.close());

  async function ingest(events: readonly (object | string)[]): Promise<void> {
    await app.pipeline.ingest(messagesOf(events));
  }

  return {
    app,
    url: server.url,
    hooks,
    ingest,
    async live(day, kind = {}, more = []) {
      const start = TOY_START + (day - 1) * DAY;
      const { predictions, labels } = toy.day(start, kind);
      now = start + DAY + 2 * HOUR;
      await ingest([...predictions, ...labels, ...more]);
      // Hours later the last request is no longer recent, and the clock alone says what is over.
      now = start + DAY + 7 * HOUR;
      await app.tick();
      await app.outbox.settle();
    },
    wait(hours) {
      now += hours * HOUR;
    },
    async scrape() {
      const answer = await fetch(`${server.url}/metrics`);
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`);
      return parseExposition(text);
    },
  };
}
