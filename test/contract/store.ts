import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY, HOUR } from "../../src/model/time.ts";
import { ROWS_IN_BUCKETS } from "../../src/store/buckets.ts";
import { createLayouts } from "../../src/store/layouts.ts";
import { createPredictionEncoder, insertPredictions, SETTLED_FEATURES, SETTLED_PREDICTIONS } from "../../src/store/predictions.ts";
import { supersede } from "../../src/store/settle.ts";
import type { Prediction } from "../../src/model/event.ts";
import { migrate, readMigrations } from "../../src/store/migrate.ts";
import { StoreError, TABLES, type Store, type Table } from "../../src/store/store.ts";
import { dateTimeValue, recordOf } from "../../src/store/values.ts";
import { HOSTILE_NAMES, HOSTILE_PARAMETERS } from "../support/hostile-text.ts";
import { often } from "../support/soak.ts";

type Row = Readonly<Record<string, unknown>>;

/** Any text that JSON can carry to the engine: whole characters, controls and NUL among them. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom("'", '"', "\\", "\n", "\t", "\r", "\0", "`", "{", "}", ";", "-", "\u2028", "😀"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 24,
});

/** What every store owes, however it is reached. */
export function describeStore(name: string, make: () => Promise<{ store: Store; stop: () => Promise<void> }>): void {
  describe(name, () => {
    let made: { store: Store; stop: () => Promise<void> };
    beforeAll(async () => {
      made = await make();
    });
    afterAll(() => made.stop());
    const query = <T extends object = Row>(sql: string, params?: Parameters<Store["query"]>[1]) => made.store.query<T>(sql, params);
    const execute = (sql: string, params?: Parameters<Store["execute"]>[1]) => made.store.execute(sql, params);
    const insert = (table: Table, rows: readonly Row[]) => made.store.insert(table, rows);
    const refusal = (work: Promise<unknown>): Promise<StoreError> =>
      work.then(
        () => Promise.reject(new Error("It was done.")),
        (error: unknown) => {
          expect(error).toBeInstanceOf(StoreError);
          expect((error as StoreError).hint).not.toBe("");
          return error as StoreError;
        },
      );

    describe("migrations", () => {
      it("made every table, and applied again do nothing", async () => {
        const tables = await query<{ name: string }>("SELECT name FROM system.tables WHERE database = currentDatabase()");
        expect(tables.map((table) => table.name)).toEqual(expect.arrayContaining([...TABLES, "migrations"]));
        const recorded = "SELECT number, name, checksum, toString(applied_at) AS at FROM migrations ORDER BY number";
        const before = await query(recorded);
        expect(before).toHaveLength(readMigrations().length);
        expect(await migrate(made.store)).toBe(0);
        expect(await query(recorded)).toEqual(before);
      });

      it("say again what is there already, should their record be lost", async () => {
        for (const migration of readMigrations()) await execute(migration.sql);
      });
    });

    it("writes any number of months in one statement", async () => {
      const months = Array.from({ length: 150 }, (_, index) => ({
        model: "months",
        feature: "x",
        bucket: (index * 31 * DAY) / 1000,
        rows: 1,
      }));
      await insert("feature_counts", months);
      await execute("INSERT INTO feature_counts SELECT * REPLACE ('y' AS feature) FROM feature_counts WHERE model = 'months'");
      const [found] = await query("SELECT count() AS rows FROM feature_counts WHERE model = 'months' AND feature = 'y'");
      expect(Number(found?.["rows"])).toBe(months.length);
    });

    describe("what was inserted comes back", () => {
      const times = [0, 1, 999, 86_400_123, 949_363_200_123, 999_999_999_999, 1_000_000_000_000, 1_717_243_200_001, 4_102_444_799_999];

      it("as every kind of column", async () => {
        const text = "' \" \\ \\' \n \r \t \0 ` {x:String} -- /* ; 😀 \u2028";
        const scores = new Map(HOSTILE_NAMES.map((key, index) => [key, index - 0.125]));
        await insert("predictions", [
          predictionRow("kinds", text, {
            time: dateTimeValue(times[4] ?? 0),
            scores: recordOf(scores),
            names: HOSTILE_NAMES,
            categories: HOSTILE_NAMES,
            embeddings: recordOf(new Map(HOSTILE_NAMES.map((key, index) => [key, [index, -0.5]]))),
            unparsable: HOSTILE_NAMES,
            predicted_class: text,
            predicted_number: -1.7976931348623157e308,
            score: 5e-324,
            weight: 0.1,
            precedence: "340282366920938463463374607431768211455",
          }),
        ]);
        const [row] = await query(
          `SELECT id, toUnixTimestamp64Milli(p.time) AS ms, mapKeys(p.scores) AS keys, mapValues(p.scores) AS numbers, names, categories,
             mapKeys(embeddings) AS embedded, mapValues(embeddings) AS vectors, unparsable, predicted_class, predicted_number, score, latency_ms, weight, toString(p.precedence) AS precedence
           FROM predictions AS p WHERE model = 'kinds'`,
        );
        expect(row).toEqual({
          id: text,
          ms: times[4],
          keys: HOSTILE_NAMES,
          numbers: [...scores.values()],
          names: HOSTILE_NAMES,
          categories: HOSTILE_NAMES,
          embedded: HOSTILE_NAMES,
          vectors: HOSTILE_NAMES.map((_, index) => [index, -0.5]),
          unparsable: HOSTILE_NAMES,
          predicted_class: text,
          predicted_number: -1.7976931348623157e308,
          score: 5e-324,
          latency_ms: null,
          weight: 0.1,
          precedence: "340282366920938463463374607431768211455",
        });
      });

      it("as rows in binary, with and without a shared layout, whatever names and texts", async () => {
        const values = fc.dictionary(anyText, fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), anyText, fc.constant(null)), {
          maxKeys: 12,
          noNullPrototype: true,
        });
        let round = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 8 }), async (rows) => {
            const model = `binary-${round++}`;
            const layouts = createLayouts();
            const split = rows.map((row) => {
              const entries = Object.entries(row);
              const of = <Value>(type: string) => new Map(entries.filter(([, value]) => typeof value === type) as [string, Value][]);
              const numbers = of<number>("number");
              const categories = of<string>("string");
              const names = entries.map(([name]) => name);
              const features = {
                names,
                numbers: names.map((name) => numbers.get(name) ?? Number.NaN),
                categoryPlaces: names.flatMap((name, place) => (categories.has(name) ? [place] : [])),
                categories: [...categories.values()],
                embeddings: new Map(),
                unparsable: [],
              };
              return { numbers, categories, features };
            });
            const encode = createPredictionEncoder(layouts);
            await insertPredictions(
              made.store,
              encode(
                split.map(({ features }, index) => ({
                  prediction: { ...somePrediction(model, `p${index}`), features },
                  precedence: { time: 0, latency: 0, content: index },
                })),
              ),
              layouts,
            );
            const stored = await query<{ names: string[]; numbers: (number | null)[]; keys: string[]; categories: string[] }>(
              `SELECT number_names AS names, numbers, category_names AS keys, categories FROM ${SETTLED_FEATURES} WHERE model = {model:String} ORDER BY length(id), id`,
              { model },
            );
            expect(
              stored.map((row) => ({
                numbers: new Map(
                  row.names.flatMap((name, place) => (typeof row.numbers[place] === "number" ? [[name, row.numbers[place]]] : [])),
                ),
                categories: new Map(row.keys.map((name, place) => [name, row.categories[place]])),
              })),
            ).toEqual(
              split.map(({ numbers, categories }) => ({
                numbers: new Map([...numbers].map(([name, value]) => [name, value + 0])),
                categories,
              })),
            );
          }),
          { numRuns: 30, seed: 5 },
        );
      });

      it("with hostile names as keys of what a query returns", async () => {
        await insert("predictions", [
          predictionRow("keys", "a", { scores: recordOf(new Map(HOSTILE_NAMES.map((key, index) => [key, index]))) }),
        ]);
        const [row] = await query<{ scores: Record<string, number> }>("SELECT scores FROM predictions WHERE model = 'keys'");
        expect(Object.keys(row?.scores ?? {})).toEqual(HOSTILE_NAMES);
        expect(Object.entries(row?.scores ?? {})).toEqual(HOSTILE_NAMES.map((key, index) => [key, index]));
      });

      it("with times to the millisecond, those before 2001 too, and those that are null", async () => {
        await insert("label_inbox", [
          ...times.map((time) => ({
            model: "times",
            id: String(time),
            label: "x",
            label_number: null,
            time: dateTimeValue(time),
            revision: 0,
            precedence: "1",
          })),
          { model: "times", id: "none", label: "x", label_number: 2, time: null, revision: 4_294_967_295, precedence: "0" },
        ]);
        const rows = await query<{ id: string; ms: number | null }>(
          "SELECT id, toUnixTimestamp64Milli(l.time) AS ms FROM label_inbox AS l WHERE model = 'times' ORDER BY l.time NULLS LAST",
        );
        expect(rows).toEqual([...times.map((time) => ({ id: String(time), ms: time })), { id: "none", ms: null }]);
      });

      it("with whole numbers of 64 and 128 bits, exactly", async () => {
        const extremes = [
          "-170141183460469231731687303715884105728",
          "-1",
          "0",
          "9007199254740993",
          "170141183460469231731687303715884105727",
        ];
        await insert(
          "feature_counts",
          extremes.map((sum, index) => ({
            model: "wide",
            baseline: "",
            version: "v",
            segment: "",
            subject: "feature",
            feature: "f",
            grid: 1,
            bucket: index * 3600,
            rows: 9_007_199_254_740_991,
            missing: 0,
            unparsable: 0,
            unseen: 0,
            bins: [0, 65_535],
            counts: [0, "18446744073709551615"],
            low: null,
            high: -0.1,
            low_sum: sum,
            high_sum: extremes.at(-1 - index),
            generation: 1,
          })),
        );
        const rows = await query(
          "SELECT toString(low_sum) AS low_sum, toString(high_sum) AS high_sum, rows, bins, arrayMap(c -> toString(c), counts) AS counts, low, high FROM feature_counts WHERE model = 'wide' ORDER BY bucket",
        );
        expect(rows).toEqual(
          extremes.map((sum, index) => ({
            low_sum: sum,
            high_sum: extremes.at(-1 - index),
            rows: 9_007_199_254_740_991,
            bins: [0, 65_535],
            counts: ["0", "18446744073709551615"],
            low: null,
            high: -0.1,
          })),
        );
      });

      it("whatever the text", async () => {
        let round = 0;
        await fc.assert(
          fc.asyncProperty(fc.uniqueArray(anyText, { minLength: 1, maxLength: 60 }), async (texts) => {
            const model = `any-${round++}`;
            await insert("predictions", [
              predictionRow(model, "a", {
                scores: recordOf(new Map(texts.map((text, index) => [text, index]))),
                categories: texts,
                unparsable: texts,
                entity: texts[0],
              }),
            ]);
            const [row] = await query(
              "SELECT mapKeys(p.scores) AS keys, categories, unparsable, entity FROM predictions AS p WHERE model = {model:String} AND entity = {entity:String}",
              { model, entity: texts[0] ?? "" },
            );
            const inOrder = [...recordKeys(texts)];
            expect(row).toEqual({ keys: inOrder, categories: texts, unparsable: texts, entity: texts[0] });
          }),
          { numRuns: 8 },
        );
      });

      it("in any number: 45,000 rows in blocks, and none", async () => {
        const rows = Array.from({ length: 45_000 }, (_, index) => ({
          model: "many",
          id: `${index}`,
          label: "x",
          label_number: index,
          time: null,
          revision: 0,
          precedence: "0",
        }));
        await insert("label_inbox", rows);
        expect(
          await query("SELECT count() AS rows, uniqExact(id) AS ids, sum(label_number) AS total FROM label_inbox WHERE model = 'many'"),
        ).toEqual([{ rows: 45_000, ids: 45_000, total: (45_000 * 44_999) / 2 }]);
        await insert("label_inbox", []);
        expect(await query("SELECT count() AS rows FROM label_inbox WHERE model = 'many'")).toEqual([{ rows: 45_000 }]);
      });

      it("in rows of many bytes", async () => {
        const payload = "é😀'\\\n".repeat(40_000);
        const letters = Array.from({ length: 60 }, (_, offset) => ({
          received_at: times[7],
          source: "kafka",
          topic: "big",
          partition: 0,
          offset: `${offset}`,
          reason: "r",
          message: "",
          payload,
          payload_bytes: 1,
        }));
        await insert("dead_letters", letters);
        expect(
          await query(
            "SELECT count() AS rows, min(length(payload)) AS shortest, max(length(payload)) AS longest FROM dead_letters WHERE topic = 'big'",
          ),
        ).toEqual([{ rows: 60, shortest: Buffer.byteLength(payload), longest: Buffer.byteLength(payload) }]);
      });
    });

    describe("what is wrong is refused", () => {
      const good = { model: "refused", id: "good", label: "x", label_number: null, time: null, revision: 0, precedence: "0" };
      const none = () => query("SELECT count() AS rows FROM label_inbox WHERE model = 'refused'");

      it("a column that is not there, without a row of its batch", async () => {
        expect((await refusal(insert("label_inbox", [good, { ...good, colour: "red" }]))).message).toMatch(/colour/);
        expect(await none()).toEqual([{ rows: 0 }]);
      });

      it("a value that is no value of its column", async () => {
        expect((await refusal(insert("label_inbox", [good, { ...good, revision: "many" }]))).retryable).toBe(false);
        expect((await refusal(insert("label_inbox", [good, { ...good, label: "\ud800" }]))).retryable).toBe(false);
        expect(await none()).toEqual([{ rows: 0 }]);
      });

      it("by errors that say whether to try again", async () => {
        expect(await refusal(query("SELECT * FROM nowhere"))).toMatchObject({
          retryable: false,
          message: expect.stringMatching(/code 60\)/),
        });
        expect(await refusal(query("SELEKT 1"))).toMatchObject({ retryable: false, message: expect.stringMatching(/code 62\)/) });
        expect(await refusal(query("SELECT {missing:String}"))).toMatchObject({
          retryable: false,
          message: expect.stringMatching(/code 456\)/),
        });
        const into = "INSERT INTO window_progress SELECT 'refused', toString(sleepEachRow(0.2)), 0 FROM numbers(50)";
        expect(await refusal(execute(`${into} SETTINGS max_execution_time = 0.3, max_block_size = 1`))).toMatchObject({
          retryable: true,
          message: expect.stringMatching(/code 159\)/),
        });
        const big = "INSERT INTO window_progress SELECT 'refused', toString(length(groupArray(number))), 0 FROM numbers(1000000)";
        expect(await refusal(execute(`${big} SETTINGS max_memory_usage = 1000000`))).toMatchObject({
          retryable: true,
          message: expect.stringMatching(/code 241\)/),
        });
        expect(await query("SELECT count() AS rows FROM window_progress WHERE model = 'refused'")).toEqual([{ rows: 0 }]);
      });

      it("on one line, however long the statement", async () => {
        const { message, cause } = await refusal(query(`SELECT ${"'long text',\n".repeat(500)} nothing`));
        expect(message).not.toContain("\n");
        expect(message.length).toBeLessThan(600);
        expect(cause).toBeInstanceOf(Error);
      });
    });

    describe("a parameter", () => {
      const state = async () => [
        await query("SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name"),
        await query("SELECT name, value FROM system.settings WHERE changed AND name NOT LIKE 'param%' ORDER BY name"),
        await query("SELECT count() AS rows FROM label_inbox WHERE model = 'bystander'"),
      ];

      it("R25 is a value and nothing else, whatever it says", async () => {
        await insert("label_inbox", [
          { model: "bystander", id: "a", label: "x", label_number: null, time: null, revision: 0, precedence: "0" },
        ]);
        const before = await state();
        for (const value of HOSTILE_PARAMETERS) {
          expect(await query("SELECT {value:String} AS value, {maybe:Nullable(String)} AS maybe", { value, maybe: value })).toEqual([
            { value, maybe: value },
          ]);
        }
        expect(await query("SELECT {values:Array(String)} AS values", { values: HOSTILE_PARAMETERS })).toEqual([
          { values: HOSTILE_PARAMETERS },
        ]);
        expect(
          await query("SELECT id FROM label_inbox WHERE model = 'bystander' AND id IN {values:Array(String)}", {
            values: HOSTILE_PARAMETERS,
          }),
        ).toEqual([]);
        await refusal(query("SELECT {value:UInt32} AS value", { value: "1; DROP TABLE label_inbox" }));
        expect(await state()).toEqual(before);
      });

      it("is the number it was, however large", async () => {
        const numbers = [2 ** 53, -(2 ** 60), 1e22, 123_456_789_012_345_680_000, 1.7976931348623157e308, -1e300, 0.1, 5e-324];
        expect(await query("SELECT {numbers:Array(Float64)} AS numbers", { numbers })).toEqual([{ numbers }]);
        for (const number of numbers) expect(await query("SELECT {number:Float64} AS number", { number })).toEqual([{ number }]);
      });

      it("is so in a statement that writes", async () => {
        const before = await state();
        for (const value of HOSTILE_PARAMETERS.slice(0, 40))
          await execute("INSERT INTO window_progress SELECT 'written', {value:String}, fromUnixTimestamp64Milli(0)", { value });
        const rows = await query<{ plan: string }>("SELECT plan FROM window_progress WHERE model = 'written'");
        expect(rows.map((row) => row.plan).sort()).toEqual(HOSTILE_PARAMETERS.slice(0, 40).sort());
        expect(await state()).toEqual(before);
      });

      it("R25 is any text, null, a number, or a list of them", { timeout: often(30_000, 600_000) }, async () => {
        await fc.assert(
          fc.asyncProperty(
            anyText,
            fc.array(anyText, { maxLength: 20 }),
            fc.array(fc.integer(), { maxLength: 20 }),
            fc.double({ min: -1e15, max: 1e15, noNaN: true }),
            async (value, values, numbers, number) => {
              const [row] = await query(
                "SELECT {value:String} AS value, {values:Array(String)} AS values, {numbers:Array(Int64)} AS numbers, {number:Float64} AS number, {none:Nullable(String)} AS none, {yes:Bool} AS yes",
                {
                  value,
                  values,
                  numbers,
                  number,
                  none: null,
                  yes: true,
                },
              );
              // The engine writes -0 as it does 0 in some versions.
              expect(row).toEqual({ value, values, numbers, number: number === 0 ? expect.closeTo(0) : number, none: null, yes: true });
            },
          ),
          { numRuns: often(40, 10_000) },
        );
      });

      it("is any number there is, however large or small, to its last digit", async () => {
        const numbers = [2 ** 53 + 2, 1.7e18 + 512, -1e22, 1e300, Number.MAX_VALUE, -Number.MAX_VALUE, 0.1 + 0.2, 1e-300, -5e-324];
        const [row] = await query<{ bits: string[]; alone: string }>(
          "SELECT arrayMap(number -> hex(reinterpretAsUInt64(number)), {numbers:Array(Float64)}) AS bits, hex(reinterpretAsUInt64({number:Float64})) AS alone",
          { numbers, number: numbers[1] ?? 0 },
        );
        const bitsOf = (number: number) => {
          const view = new DataView(new ArrayBuffer(8));
          view.setFloat64(0, number);
          return view.getBigUint64(0).toString(16).toUpperCase().padStart(16, "0");
        };
        expect(row).toEqual({ bits: numbers.map(bitsOf), alone: bitsOf(numbers[1] ?? 0) });
      });

      it("is a list of thousands", async () => {
        const ids = Array.from({ length: 5_000 }, (_, index) => `id-'${index}'-with-some-length`);
        expect(await query("SELECT length({ids:Array(String)}) AS ids", { ids })).toEqual([{ ids: 5_000 }]);
      });
    });

    describe("the side that reads", () => {
      const writes = [
        "INSERT INTO label_inbox (model, id) VALUES ('sneaked', 'a')",
        "ALTER TABLE label_inbox ADD COLUMN sneaked String",
        "ALTER TABLE label_inbox DELETE WHERE 1",
        "DELETE FROM label_inbox WHERE 1",
        "DROP TABLE label_inbox",
        "TRUNCATE TABLE label_inbox",
        "OPTIMIZE TABLE label_inbox",
        "CREATE TABLE sneaked (a UInt8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE sneaked (a UInt8)",
        "CREATE DATABASE sneaked",
        "SET max_execution_time = 0",
        "SET readonly = 0",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_execution_time = 0",
        "SELECT * FROM file('/etc/hostname', 'LineAsString', 'line String')",
        "INSERT INTO FUNCTION file('sneaked.csv', 'CSV', 'a String') SELECT 'a'",
        "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString', 'line String')",
        "SELECT * FROM remote('127.0.0.1:9', system.one)",
      ];

      it.each(writes)("cannot %s", async (sql) => {
        const { message, retryable } = await refusal(query(sql));
        // What cannot end in FORMAT is a syntax error before anything else.
        expect(message).toMatch(/code (164|62)\)/);
        expect(retryable).toBe(false);
      });

      it("is bounded", async () => {
        expect(await query("SELECT value FROM system.settings WHERE name = 'max_execution_time'")).toEqual([{ value: "60" }]);
        expect(await query("SELECT value FROM system.settings WHERE name = 'readonly'")).toEqual([{ value: "1" }]);
      });

      it("answers after all of it", async () => {
        expect(await query("SELECT count() AS tables FROM system.tables WHERE name = 'sneaked'")).toEqual([{ tables: 0 }]);
        expect(await query("SELECT count() AS rows FROM label_inbox WHERE model = 'bystander'")).toEqual([{ rows: 1 }]);
      });
    });

    describe("settings of a statement", () => {
      it("end with it", async () => {
        const change = (what: string) =>
          execute(
            `INSERT INTO window_progress SELECT {what:String}, toString(getSetting('max_block_size')), fromUnixTimestamp64Milli(0)${what === "set" ? " SETTINGS max_block_size = 77" : ""}`,
            { what },
          );
        await change("set");
        await change("after");
        const rows = await query<{ model: string; plan: string }>(
          "SELECT model, plan FROM window_progress WHERE model IN ('set', 'after') ORDER BY model DESC",
        );
        expect(rows[0]).toEqual({ model: "set", plan: "77" });
        expect(rows[1]?.plan).not.toBe("77");
      });

      it("R23 of inserts too: the same rows twice are there twice", async () => {
        const row = { model: "twice", id: "a", label: "x", label_number: null, time: null, revision: 0, precedence: "0" };
        await insert("label_inbox", [row]);
        await insert("label_inbox", [row]);
        expect(
          await query(
            "SELECT sum(written) AS written FROM (SELECT count() AS written FROM label_inbox WHERE model = 'twice' UNION ALL SELECT 0)",
          ),
        ).toEqual([{ written: 2 }]);
        expect(await query("SELECT count() AS rows FROM label_inbox FINAL WHERE model = 'twice'")).toEqual([{ rows: 1 }]);
      });
    });

    describe("of several rows with one identity", () => {
      type Version = { readonly id: number; readonly time: number; readonly hash: number };
      const START = Date.UTC(2024, 0, 28);
      const version = fc.record({
        id: fc.integer({ min: 0, max: 5 }),
        time: fc.integer({ min: 0, max: 36 }).map((day) => START + day * DAY + 7 * HOUR),
        hash: fc.integer({ min: 0, max: 2 }),
      });
      // Larger for an earlier time, then for a smaller hash, and beyond what a double holds.
      const precedence = ({ time, hash }: Version) => ((2n ** 64n - BigInt(time)) * 2n ** 64n - BigInt(hash)).toString();
      const wins = (a: Version, b: Version) => a.time < b.time || (a.time === b.time && a.hash < b.hash);

      it(
        "R6 the smallest (time, hash) stays, across months, through time filters, merged or not",
        { timeout: often(60_000, 1_200_000) },
        async () => {
          let round = 0;
          await fc.assert(
            fc.asyncProperty(
              fc.array(fc.array(version, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
              fc.integer({ min: 0, max: 36 }),
              fc.integer({ min: 1, max: 20 }),
              fc.boolean(),
              async (batches, first, days, merged) => {
                const model = `conflict-${round++}`;
                for (const batch of batches)
                  await insert(
                    "predictions",
                    batch.map((row) =>
                      predictionRow(model, `${row.id}`, { time: row.time, version: `h${row.hash}`, precedence: precedence(row) }),
                    ),
                  );
                if (merged) await execute("OPTIMIZE TABLE predictions FINAL");
                const everyDay = Array.from({ length: 37 }, (_, day) => START + day * DAY);
                await supersede(made.store, { model, bucketMs: DAY, buckets: everyDay }, "everywhere", async () => {});
                const kept = new Map<number, Version>();
                for (const row of batches.flat()) {
                  const other = kept.get(row.id);
                  if (!other || wins(row, other)) kept.set(row.id, row);
                }
                const from = START + first * DAY;
                const to = from + days * DAY;
                const expected = [...kept.values()]
                  .filter((row) => row.time >= from && row.time < to)
                  .map((row) => `${row.id} ${row.time} h${row.hash}`)
                  .sort();
                const asText = (rows: readonly { id: string; at: number; version: string }[]) =>
                  rows.map((row) => `${row.id} ${row.at} ${row.version}`).sort();
                const columns = "id, toUnixTimestamp64Milli(time) AS at, version";
                const plain = await query<{ id: string; at: number; version: string }>(
                  `SELECT ${columns} FROM ${SETTLED_PREDICTIONS} WHERE model = {model:String} AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})`,
                  { model, from, to },
                );
                expect(asText(plain)).toEqual(expected);
                const buckets = Array.from({ length: days }, (_, day) => (from + day * DAY) / 1000);
                const counted = await query<{ id: string; at: number; version: string }>(
                  `SELECT ${columns}, toDateTime(intDiv(toUnixTimestamp(toDateTime(time)), 86400) * 86400, 'UTC') AS bucket FROM ${SETTLED_PREDICTIONS} WHERE model = {model:String} AND ${ROWS_IN_BUCKETS}`,
                  { model, from: from / 1000, to: to / 1000, buckets },
                );
                expect(asText(counted)).toEqual(expected);
              },
            ),
            { numRuns: often(15, 1_000) },
          );
        },
      );

      it("R7 the label of the largest precedence stays, in any order of arrival", async () => {
        const ids = often(300, 10_000);
        const revisions = [3n, 1n, 2n ** 127n, 2n ** 127n + 1n, 0n];
        // Each id has an order of arrival of its own, and the last of them comes once more.
        const orders = fc.sample(fc.shuffledSubarray([...revisions.keys()], { minLength: revisions.length }), { numRuns: ids, seed: 7 });
        const row = (id: number, place: number) => ({
          model: "revised",
          id: String(id),
          label: String(revisions[orders[id]?.[place] ?? 0]),
          label_number: null,
          time: null,
          revision: 0,
          precedence: String(revisions[orders[id]?.[place] ?? 0]),
        });
        for (const place of [...revisions.keys(), revisions.length - 1, 0])
          await insert(
            "label_inbox",
            Array.from(orders, (_, id) => row(id, place)),
          );
        const stays = () =>
          query(
            `SELECT label, count() AS ids FROM label_inbox FINAL
             WHERE model = 'revised' AND id IN (SELECT id FROM label_inbox WHERE model = 'revised') GROUP BY label`,
          );
        expect(await stays()).toEqual([{ label: String(2n ** 127n + 1n), ids }]);
        await execute("OPTIMIZE TABLE label_inbox FINAL");
        expect(await stays()).toEqual([{ label: String(2n ** 127n + 1n), ids }]);
      });
    });

    describe("work", () => {
      it("may return 100,000 rows", async () => {
        const rows = await query<{ n: number; text: string }>(
          "SELECT number AS n, concat('row ', toString(number)) AS text FROM numbers(100000)",
        );
        expect(rows).toHaveLength(100_000);
        expect(rows[99_999]).toEqual({ n: 99_999, text: "row 99999" });
      });

      it("that fails half-way leaves nothing in the answers after it", async () => {
        const failing = "SELECT number AS n, throwIf(number = 900000) AS thrown FROM numbers(1000000)";
        const answers = await Promise.allSettled([
          query(failing),
          ...Array.from({ length: 5 }, (_, index) => query("SELECT {index:UInt8} AS answer", { index })),
          query(failing),
          query("SELECT 'last' AS answer"),
        ]);
        expect(answers.map((one) => (one.status === "fulfilled" ? one.value : "failed"))).toEqual([
          "failed",
          ...Array.from({ length: 5 }, (_, index) => [{ answer: index }]),
          "failed",
          [{ answer: "last" }],
        ]);
      });

      it("may be asked for at the same time, writing too", async () => {
        const [slow, quick, counted] = await Promise.all([
          query("SELECT sum(sleepEachRow(0.05)) AS slept FROM numbers(4)"),
          query("SELECT 2 AS two"),
          insert("label_inbox", [
            { model: "beside", id: "a", label: "x", label_number: null, time: null, revision: 0, precedence: "0" },
          ]).then(() => query("SELECT count() AS rows FROM label_inbox WHERE model = 'beside'")),
          ...Array.from({ length: 10 }, (_, n) => query("SELECT {n:UInt8} AS n", { n }).then((rows) => expect(rows).toEqual([{ n }]))),
        ]);
        expect([slow, quick, counted]).toEqual([[{ slept: 0 }], [{ two: 2 }], [{ rows: 1 }]]);
      });

      it("ends with the store, which may be closed twice", async () => {
        await made.store.close();
        await made.store.close();
        if (made.store.kind === "embedded") await refusal(query("SELECT 1"));
      });
    });
  });
}

function somePrediction(model: string, id: string): Prediction {
  return {
    type: "prediction",
    id,
    model,
    version: "v",
    time: Date.UTC(2024, 4, 1),
    features: { names: [], numbers: [], categoryPlaces: [], categories: [], embeddings: new Map(), unparsable: [] },
    predictedClass: null,
    predictedNumber: null,
    score: null,
    scores: new Map(),
    latencyMs: null,
    status: "ok",
    role: "",
    entity: "",
    weight: 1,
    telemetry: new Map(),
  };
}

function predictionRow(model: string, id: string, change: Row): Row {
  return {
    model,
    id,
    version: "v",
    time: Date.UTC(2024, 4, 1),
    layout: 0,
    names: [],
    numbers: [],
    category_places: [],
    categories: [],
    embeddings: {},
    unparsable: [],
    predicted_class: null,
    predicted_number: null,
    score: null,
    scores: {},
    latency_ms: null,
    status: "ok",
    role: "",
    entity: "",
    weight: 1,
    telemetry: {},
    precedence: "0",
    ...change,
  };
}

/** Names in the order in which an object keeps them: whole numbers first. */
function recordKeys(names: readonly string[]): string[] {
  return Object.keys(recordOf(new Map(names.map((name) => [name, name]))));
}
