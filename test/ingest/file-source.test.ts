import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { createFileSource, peekTime, replayFeed, type FileProgress, type FileSourceOptions } from "../../src/ingest/file-source.ts";
import { readLines } from "../../src/ingest/lines.ts";
import type { Message } from "../../src/ingest/source.ts";

const directory = mkdtempSync(join(tmpdir(), "driftwatch-files-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
}

const textOf = ({ bytes }: Message) => Buffer.from(bytes ?? []).toString();

async function readAll(options: FileSourceOptions) {
  const batches: Message[][] = [];
  const drained: string[] = [];
  const source = createFileSource(options);
  await source.start(async (messages, partition) => {
    if (messages.length > 0) batches.push([...messages]);
    if (partition.drained) drained.push(partition.key);
  });
  await source.done;
  return { batches, messages: batches.flat(), drained, status: source.status() };
}

describe("a file source", () => {
  it("reads files in turn, gzip told by content, with line numbers for offsets", async () => {
    const plain = write("plain.ndjson", '{"a":1}\r\n\n  \n{"a":2}\n{"a":3}');
    const zipped = write("zipped", Buffer.concat([gzipSync('{"b":1}\n'), gzipSync('{"b":2}\n')]));
    const { messages, drained, status } = await readAll({ files: [plain, zipped] });
    expect(messages.map((each) => [each.origin.topic, each.origin.offset, textOf(each)])).toEqual([
      ["plain.ndjson", "1", '{"a":1}'],
      ["plain.ndjson", "4", '{"a":2}'],
      ["plain.ndjson", "5", '{"a":3}'],
      ["zipped", "1", '{"b":1}'],
      ["zipped", "2", '{"b":2}'],
    ]);
    expect(drained).toEqual(["plain.ndjson/0", "zipped/0"]);
    expect(status).toMatchObject({
      running: false,
      error: null,
      partitions: [
        { key: "plain.ndjson/0", committed: "5", drained: true },
        { key: "zipped/0", committed: "2", drained: true },
      ],
    });
  });

  it("makes batches of at most 2,000, and tells bytes up to the last", async () => {
    const content = gzipSync(Array.from({ length: 4_500 }, (_, index) => JSON.stringify({ index })).join("\n"));
    const progress: FileProgress[] = [];
    const { batches } = await readAll({ files: [write("many.gz", content)], onProgress: (each) => progress.push(each) });
    expect(batches.map((batch) => batch.length)).toEqual([2_000, 2_000, 500]);
    expect(progress.at(-1)).toMatchObject({ bytes: content.length, totalBytes: content.length });
  });

  it("reads a line of 200 MB in bounded memory, and the lines around it", async () => {
    const block = Buffer.alloc(1024 * 1024, 0x78);
    const file = write(
      "long.gz",
      gzipSync(Buffer.concat([Buffer.from("first\n"), ...Array.from({ length: 200 }, () => block), Buffer.from("\nlast\n")]), { level: 1 }),
    );
    const before = process.memoryUsage().rss;
    const lines: [number, number][] = [];
    let peak = 0;
    for await (const some of readLines(file, 1024)) {
      peak = Math.max(peak, process.memoryUsage().rss);
      for (const { number, bytes } of some) lines.push([number, bytes.length]);
    }
    expect(lines).toEqual([
      [1, 5],
      [2, 1025],
      [3, 4],
    ]);
    expect(peak - before).toBeLessThan(100 * 1024 * 1024);
  });

  it("holds no more of a chunk than the line it keeps", async () => {
    const file = write("kept.ndjson", `${"a".repeat(10)}\n${"b".repeat(300_000)}\n`);
    for await (const some of readLines(file, 400_000)) for (const { bytes } of some) expect([10, 300_000]).toContain(bytes.length);
  });

  it.each<[string, () => string, RegExp, RegExp]>([
    ["a missing file", () => join(directory, "nowhere.ndjson"), /There is no file .*nowhere/, /Check its name/],
    ["a directory", () => directory, /is a directory/, /Name the files/],
  ])("refuses %s at start, with a hint", async (_, file, text, hint) => {
    const source = createFileSource({ files: [file()] });
    await expect(source.start(async () => {})).rejects.toMatchObject({
      name: "SourceError",
      message: expect.stringMatching(text) as string,
      hint: expect.stringMatching(hint) as string,
    });
  });

  it("hands on the lines before a gzip file breaks off, and says that it does", async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => JSON.stringify({ index, noise: Math.sin(index) })).join("\n");
    const whole = gzipSync(lines);
    for (const [content, text] of [
      [whole.subarray(0, whole.length - 1_000), /ends too early/],
      [Buffer.concat([whole.subarray(0, 400_000), Buffer.alloc(50, 0xff), whole.subarray(400_050)]), /is damaged \(Z_DATA_ERROR\)/],
    ] as const) {
      let count = 0;
      const source = createFileSource({ files: [write("broken.gz", content)] });
      await source.start(async (messages) => void (count += messages.length));
      await expect(source.done).rejects.toMatchObject({ name: "SourceError", message: expect.stringMatching(text) as string });
      expect(count).toBeGreaterThan(2_000);
      expect(count).toBeLessThan(50_000);
      expect(source.status()).toMatchObject({ running: false, error: expect.stringMatching(text) as string });
    }
  });

  it("stops with what the handler says", async () => {
    const source = createFileSource({ files: [write("one.ndjson", "{}\n")] });
    await source.start(async () => {
      throw new Error("full");
    });
    await expect(source.done).rejects.toThrow("full");
  });

  it("stops when told, after the batch in hand", async () => {
    const file = write("stop.ndjson", "{}\n".repeat(10_000));
    let batches = 0;
    const source = createFileSource({ files: [file] });
    await new Promise<void>((resolve, reject) => {
      source
        .start(async () => {
          batches++;
          if (batches === 2) resolve();
        })
        .catch(reject);
    });
    await source.stop();
    expect(batches).toBeLessThan(5);
    expect(source.status().running).toBe(false);
  });

  it("reads an empty file, and an empty gzip file", async () => {
    const { messages, drained } = await readAll({ files: [write("empty", ""), write("empty.gz", gzipSync(""))] });
    expect([messages.length, drained.length]).toEqual([0, 2]);
  });
});

describe("replayFeed", () => {
  const at = (minute: number, name: string) => JSON.stringify({ name, time: new Date(minute * 60_000 + 1e12).toISOString() });

  it("merges files by event time, equal times in the order of the files", async () => {
    const one = write("one.gz", gzipSync([at(1, "p1"), at(3, "p3"), at(3, "p3b"), at(9, "p9")].join("\n")));
    const two = write("two", [at(2, "l2"), at(3, "l3"), "no time", at(10, "l10"), at(11, "l11")].join("\n"));
    const texts: string[] = [];
    for await (const each of replayFeed([one, two, write("none", "")]))
      texts.push(/"name":"(\w+)"/.exec(textOf(each))?.[1] ?? textOf(each));
    expect(texts).toEqual(["p1", "l2", "p3", "p3b", "l3", "no time", "p9", "l10", "l11"]);
  });

  it("lets its files go when it is left early", async () => {
    const file = write("left.ndjson", "{}\n".repeat(100_000));
    for await (const _ of replayFeed([file])) break;
    rmSync(file);
  });

  it.each<[string, number | null]>([
    ['{"time":"2020-01-01T00:00:00Z"}', Date.UTC(2020, 0, 1)],
    ['{"time" : 1577836800000 }', Date.UTC(2020, 0, 1)],
    ['{"features":{"time":5},"time":"2020-01-01T00:00:00Z"}', Date.UTC(2020, 0, 1)],
    ['{"time":"yesterday"}', null],
    ['{"time":null}', null],
    ['{"time":{"time":', null],
    ["", null],
  ])("finds the time of %s", (text, time) => {
    expect(peekTime(Buffer.from(text))).toBe(time);
  });
});
