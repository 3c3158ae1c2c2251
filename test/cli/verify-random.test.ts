import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { verify } from "../../src/cli/verify/verify.ts";
import { createPipeline } from "../../src/ingest/pipeline.ts";
import { silentLog } from "../../src/log.ts";
import type { Config } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { createSettler } from "../../src/monitor/settler.ts";
import { createSequence, markCounted, readTouched } from "../../src/store/touched-buckets.ts";
import { label, message, models, NOW, prediction, useStore } from "../ingest/examples.ts";
import { apiOver } from "../support/api.ts";
import { flightConfig } from "../support/flight-app.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { connectionTo } from "./terminal.ts";

const store = useStore();
const START = Date.UTC(2024, 0, 28, 6);

/** Few ids and contents, some weeks apart, and what is no event: clashes and repeats of every kind. */
const aTime = fc.constantFrom(0, 0.5, 31, 24 * 40).map((hours) => new Date(START + hours * HOUR).toISOString());
const anId = fc.integer({ min: 0, max: 6 }).map((id) => `i${id}`);
const aPrediction = fc.record({ id: anId, time: aTime, score: fc.constantFrom(0.1, 0.9) }).map((one) => ({ ...prediction, ...one }));
const aLabel = fc.record({ id: anId, time: aTime, revision: fc.integer({ min: 0, max: 2 }) }).map((one) => ({ ...label, ...one }));
const anEvent = fc.oneof(
  { weight: 4, arbitrary: aPrediction },
  { weight: 4, arbitrary: aLabel },
  fc.constantFrom({}, { ...prediction, id: "" }),
);

type Sent = Record<string, unknown>;

it("whatever is sent, in whatever order and batches, has one fate that the events alone tell", async () => {
  let round = 0;
  const directory = scratchDirectory();
  await fc.assert(
    fc.asyncProperty(
      fc.array(anEvent, { minLength: 1, maxLength: 30 }),
      fc.array(fc.nat({ max: 99 }), { minLength: 4, maxLength: 4 }),
      async (drawn, cuts) => {
        const model = { ...models.get("binary")!, name: `random-${round++}` };
        const events: Sent[] = drawn.map((event) => ("model" in event ? { ...event, model: model.name } : event));
        const parts = { store: store(), clock: () => NOW, nextSequence: await createSequence(store(), () => NOW) };
        const pipeline = createPipeline({ ...parts, models: new Map([[model.name, model]]), liveClock: false, log: silentLog });
        const settler = createSettler({ ...parts, patience: 0 });
        const order = events.map((_, index) => ({ index, place: (index * 37 + (cuts[0] ?? 0)) % 101 })).sort((a, b) => a.place - b.place);
        const batch = 1 + ((cuts[1] ?? 0) % 7);
        for (let start = 0; start < order.length; start += batch) {
          await pipeline.ingest(order.slice(start, start + batch).map(({ index }) => message(events[index], { offset: String(index) })));
          if ((cuts[2] ?? 0) % 2 === 0) await settler.settle(model);
        }
        await settler.settle(model);
        await markCounted(store(), await readTouched(store(), model.name));

        const file = join(directory, `${model.name}.ndjson`);
        writeFileSync(file, events.map((event) => JSON.stringify(event)).join("\n"));
        const config: Config = { ...flightConfig(directory), models: new Map([[model.name, model]]) };
        const { app } = apiOver(store(), [model]);
        const connection = connectionTo(app, "in-process");
        const produced = { kind: "file", files: [file] } as const;
        const { tally } = await verify({ config, connection, produced, log: silentLog, now: () => NOW + DAY, onProgress: () => {} });

        const good = events.filter((event) => event["id"] !== undefined && event["id"] !== "");
        const of = (type: string) => good.filter((event) => event["type"] === type);
        const distinct = (type: string) => new Set(of(type).map((event) => JSON.stringify(event))).size;
        const ids = (type: string) => new Set(of(type).map((event) => event["id"]));
        const [predicted, labelled] = [ids("prediction"), ids("label")];
        const matched = [...labelled].filter((id) => predicted.has(id)).length;
        const expected = {
          prediction: {
            read: of("prediction").length,
            stored: predicted.size,
            repeated: of("prediction").length - distinct("prediction"),
            superseded: distinct("prediction") - predicted.size,
            waiting: 0,
            unlabelled: predicted.size - matched,
          },
          label: {
            read: of("label").length,
            stored: matched,
            repeated: of("label").length - distinct("label"),
            superseded: distinct("label") - labelled.size,
            waiting: labelled.size - matched,
            unlabelled: 0,
          },
        };
        for (const line of tally.lines())
          expect(line).toMatchObject({ ...expected[line.type], rejected: 0, inFlight: 0, lost: 0, doubled: 0 });
        expect(
          tally
            .lines()
            .map((line) => line.type)
            .sort(),
        ).toEqual(["label", "prediction"].filter((type) => of(type).length > 0));
        expect(tally.unreadable(0).rejected).toBe(events.length - good.length);
        expect(tally.troubles()).toEqual([]);
      },
    ),
    { numRuns: 25, seed: 5 },
  );
}, 180_000);
