import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { App } from "../../src/app.ts";
import { createApp } from "../../src/app.ts";
import { silentLog } from "../../src/log.ts";
import type { Config } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { SETTLED_FEATURES } from "../../src/store/predictions.ts";
import type { Store } from "../../src/store/store.ts";
import { readVersions } from "../../src/store/versions.ts";
import { often } from "./soak.ts";

export const LEDGER_MODEL = "ledger";
/** For a configuration file. */
export const LEDGER_MODELS = `models: {${LEDGER_MODEL}: {task: binary, positive: "yes"}}\nalerts: []\nclock: replay\n`;

const START = Date.UTC(2025, 0, 1);
/** So that an insert touches as many partitions of the table. */
const MONTHS = often(6, 20);

export type Account = {
  readonly produced: number;
  readonly stored: number;
  readonly lost: number;
  readonly doubled: number;
  /** Stored with another content than it was sent with, or never sent. */
  readonly wrong: number;
  /** Rows and labels as the program counts them. */
  readonly counted: number;
  readonly labelled: number;
};

export type Ledger = {
  /** The next events, as lines. Of every third prediction the label comes with it. */
  next(predictions: number): string[];
  predictions(): number;
  labels(): number;
  /** What a store holds, against what was produced. */
  account(app: Pick<App, "store" | "tick">): Promise<Account>;
};

type Row = {
  readonly id: string;
  readonly time: number;
  readonly n: number;
  readonly c: string;
  readonly class: string | null;
  readonly score: number | null;
};

/** Numbered events whose whole content follows from their number, so that every one can be accounted for. */
export function createLedger(): Ledger {
  const run = randomBytes(4).toString("hex");
  let produced = 0;
  let labels = 0;

  const row = (n: number): Row => ({
    id: `${run}-${n}`,
    time: START + (n % MONTHS) * 30 * DAY + n * 1000,
    n,
    c: `c${n % 7}`,
    class: n % 2 === 0 ? "yes" : "no",
    score: ((n * 7919) % 10_007) / 10_007,
  });

  return {
    next(predictions) {
      const lines: string[] = [];
      for (const end = produced + predictions; produced < end; produced += 1) {
        const { id, time, n, c, class: prediction, score } = row(produced);
        const common = { id, model: LEDGER_MODEL };
        const at = new Date(time).toISOString();
        lines.push(JSON.stringify({ type: "prediction", ...common, version: "1", time: at, features: { n, c }, prediction, score }));
        if (produced % 3 !== 0) continue;
        labels += 1;
        lines.push(JSON.stringify({ type: "label", ...common, time: new Date(time + HOUR).toISOString(), label: "yes" }));
      }
      return lines;
    },
    predictions: () => produced,
    labels: () => labels,
    async account({ store, tick }) {
      const stored = await rowsOf(store);
      const seen = new Set<string>();
      let wrong = 0;
      for (const found of stored) {
        seen.add(found.id);
        const n = Number(found.id.split("-")[1]);
        if (JSON.stringify({ ...found, time: Number(found.time) }) !== JSON.stringify(row(n)) || n >= produced) wrong += 1;
      }
      // What one pass settles the next one counts: it is done when two in a row find nothing to do.
      for (let idle = 0; idle < 2;) idle = (await tick()).bucketsCounted > 0 ? 0 : idle + 1;
      const versions = await readVersions(store, LEDGER_MODEL);
      return {
        produced,
        stored: stored.length,
        lost: produced - seen.size,
        doubled: stored.length - seen.size,
        wrong,
        counted: versions.reduce((sum, version) => sum + version.rows, 0),
        labelled: versions.reduce((sum, version) => sum + version.labelled, 0),
      };
    },
  };
}

function rowsOf(store: Store): Promise<Row[]> {
  return store.query<Row>(
    `SELECT p.id AS id, toUnixTimestamp64Milli(p.time) AS time, numbers[indexOf(number_names, 'n')] AS n,
            categories[indexOf(category_names, 'c')] AS c, predicted_class AS class, score
     FROM ${SETTLED_FEATURES} AS p WHERE model = {model:String}`,
    { model: LEDGER_MODEL },
  );
}

/** Opens what a process left behind, and expects every event in it, once, as it was sent and as it is counted. */
export async function expectNothingLostOrDoubled(ledger: Ledger, config: Config): Promise<Account> {
  const app = await createApp(config, { log: silentLog, tickEvery: null, sources: [], effects: false });
  try {
    await app.start();
    app.watermarks.finish();
    const account = await ledger.account(app);
    expect(account).toEqual({
      produced: ledger.predictions(),
      stored: ledger.predictions(),
      lost: 0,
      doubled: 0,
      wrong: 0,
      counted: ledger.predictions(),
      labelled: ledger.labels(),
    });
    return account;
  } finally {
    await app.stop();
  }
}
