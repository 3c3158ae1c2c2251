import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEmbeddedStore } from "../../src/store/embedded.ts";
import { migrate, readMigrations, type Migration } from "../../src/store/migrate.ts";
import type { Store } from "../../src/store/store.ts";
import { scratchDirectory } from "../support/scratch.ts";

let store: Store;
beforeEach(async () => {
  store = await openEmbeddedStore(scratchDirectory());
});
afterEach(() => store.close());

function migration(number: number, sql: string): Migration {
  return { number, name: `step_${number}`, sql, checksum: createHash("sha256").update(sql).digest("hex") };
}

const first = migration(1, "CREATE TABLE IF NOT EXISTS one (a UInt8) ENGINE = MergeTree ORDER BY a");
const second = migration(2, "CREATE TABLE IF NOT EXISTS two (a UInt8) ENGINE = MergeTree ORDER BY a");
const third = migration(3, "ALTER TABLE two ADD COLUMN IF NOT EXISTS b String");

const recorded = async () =>
  (await store.query<{ number: number }>("SELECT number FROM migrations ORDER BY number")).map((row) => row.number);
const tables = async () =>
  (await store.query<{ name: string }>("SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name")).map(
    (row) => row.name,
  );

describe("migrations", () => {
  it("are applied in order, each once, and those that came later when they come", async () => {
    expect(await migrate(store, [first])).toBe(1);
    expect(await migrate(store, [first, second, third])).toBe(2);
    expect(await migrate(store, [first, second, third])).toBe(0);
    expect(await recorded()).toEqual([1, 2, 3]);
    expect(await tables()).toEqual(["migrations", "one", "two"]);
  });

  it("of a store made with other ones are refused, before any is applied", async () => {
    await migrate(store, [first]);
    const changed = migration(1, `${first.sql} `);
    await expect(migrate(store, [changed, second])).rejects.toMatchObject({
      name: "StoreError",
      retryable: false,
      message: "Migration 1 (step_1) differs from the one this store was made with.",
      hint: expect.stringContaining("version"),
    });
    expect(await tables()).toEqual(["migrations", "one"]);
  });

  it("of a newer program are refused", async () => {
    await migrate(store, [first, second]);
    await expect(migrate(store, [first])).rejects.toMatchObject({
      name: "StoreError",
      retryable: false,
      message: "The store was made by a newer driftwatch: it has migration 2 (step_2).",
      hint: expect.stringContaining("Upgrade"),
    });
  });

  it("that fail leave those before them, and go on from there once they are put right", async () => {
    const broken = migration(2, "CREATE TABLE two (a Nonsense) ENGINE = MergeTree ORDER BY a");
    await expect(migrate(store, [first, broken, third])).rejects.toMatchObject({ name: "StoreError", retryable: false });
    expect(await recorded()).toEqual([1]);
    expect(await migrate(store, [first, second, third])).toBe(2);
    expect(await recorded()).toEqual([1, 2, 3]);
  });

  it("that were done but not recorded are done again, harmlessly", async () => {
    await migrate(store, [first]);
    await store.execute(second.sql);
    expect(await migrate(store, [first, second])).toBe(1);
    expect(await recorded()).toEqual([1, 2]);
  });

  it("ship in order of their numbers, one statement each, harmless to repeat", () => {
    const shipped = readMigrations();
    const numbers = shipped.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    for (const { sql, name } of shipped) {
      expect(name).toMatch(/^[a-z_]+$/);
      expect(sql).not.toContain(";");
      expect(sql).toMatch(
        /^(--.*\n)*(CREATE TABLE IF NOT EXISTS|DROP TABLE IF EXISTS|EXCHANGE TABLES|INSERT INTO \w+ SELECT|ALTER TABLE \w+\s+(ADD|DROP|MODIFY|RENAME))/,
      );
      expect(sql).not.toMatch(/ADD COLUMN (?!IF NOT EXISTS)/);
    }
  });

  it("move the counts of features to a table of smaller granules, whole, wherever they are interrupted", async () => {
    const shipped = readMigrations();
    const moving = shipped.filter(({ name }) => /^feature_counts_(fine|move|exchange|coarse)$/.test(name));
    expect(moving).toHaveLength(4);
    const counts = () =>
      store.query("SELECT * FROM feature_counts FINAL WHERE model = 'm' ORDER BY bucket").then((rows) => JSON.stringify(rows));
    for (const interruptedAt of moving) {
      await migrate(
        store,
        shipped.filter(({ number }) => number < (moving[0] as Migration).number),
      );
      const row = {
        model: "m",
        version: "v1",
        subject: "feature",
        feature: "x",
        grid: 1,
        rows: 3,
        non_finite: 1,
        low: -1.5,
        low_sum: "-7",
      };
      await store.insert("feature_counts", [
        { ...row, bucket: 3600, bins: [], counts: [1, 0, 2], generation: 1 },
        { ...row, bucket: 3600, bins: [], counts: [1, 0, 1], generation: 2 },
        { ...row, bucket: 5_000_000, bins: [7], counts: [3], generation: 1 },
      ]);
      const before = await counts();
      expect(JSON.parse(before)).toHaveLength(2);
      // Done, and the program ended before it said so.
      await migrate(
        store,
        shipped.filter(({ number }) => number < interruptedAt.number),
      );
      await store.execute(interruptedAt.sql);
      expect(await migrate(store)).toBeGreaterThan(0);
      expect(await counts()).toBe(before);
      const [made] = await store.query<{ sql: string }>(
        "SELECT create_table_query AS sql FROM system.tables WHERE name = 'feature_counts'",
      );
      // Exchanged twice they stand as they stood: slower, and whole.
      if (interruptedAt.name !== "feature_counts_exchange") expect(made?.sql).toContain("index_granularity_bytes = 262144");
      for (const name of await tables()) await store.execute(`DROP TABLE ${name}`);
    }
  });

  it("of a program that is behind another on the same store lose nothing", async () => {
    const shipped = readMigrations();
    const moving = shipped.filter(({ name }) => /^feature_counts_(fine|move|exchange|coarse)$/.test(name));
    await migrate(store);
    await store.insert("feature_counts", [{ model: "m", version: "v1", feature: "x", bucket: 3600, rows: 3, counts: [3], generation: 1 }]);
    // Whatever it still takes to be due: it stops where there is nothing to do it with, and its next start finds all of it recorded.
    for (const first of moving.keys()) {
      try {
        for (const { sql } of moving.slice(first)) await store.execute(sql);
      } catch {
        // The program says so and ends.
      }
      expect(await store.query("SELECT counts FROM feature_counts FINAL WHERE model = 'm'")).toEqual([{ counts: [3] }]);
    }
  });

  it("that come between those a store has are applied too", async () => {
    await migrate(store, [first, { ...second, number: 3 }]);
    expect(await recorded()).toEqual([1, 3]);
    const between = migration(2, "CREATE TABLE IF NOT EXISTS between (a UInt8) ENGINE = MergeTree ORDER BY a");
    expect(await migrate(store, [first, between, { ...second, number: 3 }])).toBe(1);
    expect(await recorded()).toEqual([1, 2, 3]);
  });

  it("may leave numbers out; with a number twice, or none, they are not read", () => {
    const directory = join(scratchDirectory(), "migrations/");
    mkdirSync(directory);
    const add = (file: string) => writeFileSync(join(directory, file), "SELECT 1");
    add("0001_one.sql");
    add("0002_two.sql");
    add("notes.md");
    expect(readMigrations(pathToFileURL(directory)).map(({ name }) => name)).toEqual(["one", "two"]);
    add("0004_four.sql");
    expect(readMigrations(pathToFileURL(directory)).map(({ number }) => number)).toEqual([1, 2, 4]);
    add("0002_again.sql");
    expect(() => readMigrations(pathToFileURL(directory))).toThrow("migration 0002_two.sql should have a number above 2");
    rmSync(join(directory, "0002_again.sql"));
    add("five.sql");
    expect(() => readMigrations(pathToFileURL(directory))).toThrow("migration five.sql should have a number above 4");
  });
});
