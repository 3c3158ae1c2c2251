import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decode, decodeBaselineRow } from "../../src/ingest/decode.ts";
import { spawnDriftwatch, startDaemon } from "../support/daemon.ts";
import { scratchDirectory } from "../support/scratch.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");

/** The fenced blocks of one language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp("```" + language + "\\n([\\s\\S]*?)```", "g"))].map((match) => match[1] ?? "");
}

describe("the README", () => {
  test("one's own model: the example configuration, the events of the curl line, and every command", async () => {
    const directory = scratchDirectory();
    const shell = blocks(read("README.md"), "sh").join("\n");
    expect(shell).toContain("cp driftwatch.yaml my.yaml");
    copyFileSync(join(root, "driftwatch.yaml"), join(directory, "my.yaml"));
    const daemon = await startDaemon(directory, "my.yaml");

    const body = /-d '(\[[\s\S]*?\])'/.exec(shell)?.[1];
    const { url, token } = JSON.parse(readFileSync(join(directory, "data", "daemon.json"), "utf8")) as { url: string; token: string };
    const response = await fetch(`${url}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: body ?? "",
    });
    const answer = JSON.stringify(await response.json());
    expect(read("README.md")).toContain(answer);
    expect(await daemon.get("/v1/models")).toMatchObject({ items: [{ model: "my-model" }] });

    const commands = [...shell.matchAll(/^npx driftwatch (.*)$/gm)].map((match) => (match[1] ?? "").replace(/\s+#.*$/, ""));
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) {
      const { exited, stderr } = spawnDriftwatch(directory, [
        ...(command.includes("--config") ? [] : ["--config", "my.yaml"]),
        ...command.split(" "),
      ]);
      expect(await exited, `${command}: ${stderr()}`).toBe(0);
    }
    expect(existsSync(join(directory, "report.html"))).toBe(true);
  }, 120_000);

  test("the lines for Kafka, a baseline and a server load", async () => {
    const directory = scratchDirectory();
    const row = JSON.parse(blocks(read("docs/events.md"), "json")[2] ?? "") as object;
    writeFileSync(join(directory, "training.ndjson.gz"), `${JSON.stringify(row)}\n`);
    const baselines = blocks(read("README.md"), "yaml")[0] ?? "";
    const kafka = /`(kafka: \{[^`]*\})`/.exec(read("README.md"))?.[1];
    const store = /`(store: \{url[^`]*\})`/.exec(read("README.md"))?.[1];
    writeFileSync(
      join(directory, "driftwatch.yaml"),
      `${kafka}\n${store}\nmodels:\n  my-model:\n    task: binary\n    positive: "yes"\n${baselines}`,
    );
    const { exited, stderr } = spawnDriftwatch(directory, ["check"]);
    expect(await exited, stderr()).toBe(0);
  });
});

describe("the documents", () => {
  const documents = [
    "README.md",
    "CONTRIBUTING.md",
    ...readdirSync(join(root, "docs"))
      .filter((file) => file.endsWith(".md"))
      .map((file) => `docs/${file}`),
  ];

  test.each(documents)("%s links to files that are there", (document) => {
    for (const [, target] of read(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g))
      expect(existsSync(join(root, dirname(document), target ?? "")), target).toBe(true);
  });

  test("every event in docs/events.md is one", () => {
    const [prediction, label, row, ranked, relevant] = blocks(read("docs/events.md"), "json");
    const common = { positive: null, bucket: 3_600_000, lateness: 0, labelsExpectedWithin: 0, baselines: [] };
    const models = new Map([
      ["my-model", { ...common, name: "my-model", task: "binary", positive: "yes" }],
      ["search", { ...common, name: "search", task: "ranking" }],
    ] as const);
    const context = { models, now: Date.UTC(2026, 5, 3), liveClock: true };
    const message = (text: string | undefined) =>
      ({ origin: { source: "file", topic: "t", partition: 0, offset: "1" }, bytes: Buffer.from(text ?? ""), timestamp: null }) as const;
    expect(decode(message(prediction), context)).toMatchObject({ ok: true, event: { type: "prediction" } });
    expect(decode(message(label), context)).toMatchObject({ ok: true, event: { type: "label", revision: 1 } });
    expect(decodeBaselineRow(message(row), context)).toMatchObject({ ok: true, row: { label: { label: "yes" } } });
    expect(decode(message(ranked), context)).toMatchObject({ ok: true, event: { predictedClass: '["shoe-7","shoe-2","boot-4"]' } });
    expect(decode(message(relevant), context)).toMatchObject({ ok: true, event: { label: '{"shoe-2":3,"boot-9":1}' } });
  });
});
