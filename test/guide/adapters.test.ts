import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createAdapters } from "../../src/ingest/adapters/adapter.ts";
import { boundHeaders } from "../../src/ingest/source.ts";
import { adapterSchemas } from "../../src/config/adapters-schema.ts";
import { load, loaded } from "../config/workplace.ts";
import { byName } from "../support/by-name.ts";

const page = readFileSync(new URL("../../docs/adapters.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language = "", text = ""]) => ({ language, text }));

/** The messages of the page, each with the adapter of the configuration that stands last before it. */
function examples() {
  let config = loaded(load("models: {m: {task: regression}}\n"));
  const made = [];
  for (const { language, text } of blocks) {
    if (language === "yaml") config = loaded(load(text));
    if (language !== "json" && language !== "http") continue;
    const [head = "", body = ""] = language === "http" ? text.split("\n\n") : ["", text];
    const headers = boundHeaders(
      head
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split(": ", 2) as [string, string]),
    );
    const [name = ""] = [...config.adapters.keys()];
    const message = {
      origin: { source: "kafka" as const, topic: "t", partition: 0, offset: "0" },
      bytes: Buffer.from(body),
      timestamp: null,
      headers,
      adapter: name,
    };
    const adapted = createAdapters(config.adapters)(message, { models: config.models, now: Date.UTC(2026, 5, 2), liveClock: true });
    made.push(
      adapted.kind === "events"
        ? { ...adapted, events: adapted.events.map((event) => (event.type === "prediction" ? byName(event) : event)) }
        : adapted,
    );
  }
  return made;
}

test("every message in docs/adapters.md becomes what the page says", () => {
  expect(examples()).toMatchObject([
    {
      events: [
        {
          id: "p-1",
          version: "2026.3",
          time: Date.UTC(2026, 5, 1, 12, 0, 0, 250),
          numbers: new Map([["amount", 12.5]]),
          categories: new Map([["zip_code", "10000"]]),
          predictedClass: "fraud",
          score: 0.9,
          latencyMs: 3.5,
        },
      ],
    },
    {
      events: [
        {
          id: "6044163495924754196",
          time: Date.UTC(2026, 5, 1, 12, 43, 4, 519),
          predictedClass: "setosa",
          scores: new Map([
            ["setosa", 0.98],
            ["versicolor", 0.015],
            ["virginica", 0.005],
          ]),
        },
      ],
    },
    {
      events: [
        { id: "q-7#0/2", version: "7", predictedClass: "setosa" },
        {
          id: "q-7#1/2",
          predictedClass: "virginica",
          numbers: new Map([
            ["sepal_length", 6.2],
            ["sepal_width", 3.4],
          ]),
        },
      ],
    },
    { half: { side: "request", id: "b943f10c", model: "iris", rows: 2 } },
    { half: { side: "response", id: "b943f10c", model: "iris", rows: 2, body: expect.stringContaining('"version":"3"') as string } },
  ]);
});

test("docs/adapters.md names every key there is", () => {
  const keys = Object.values(adapterSchemas).flatMap((schema) => Object.keys(schema.shape));
  for (const key of keys) expect(page, key).toMatch(new RegExp(`\\b${key}\\b`));
});
