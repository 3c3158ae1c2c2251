import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { often } from "../support/soak.ts";
import { scratchDirectory } from "../support/scratch.ts";

type Said = {
  readonly opened?: boolean;
  readonly inserted?: number;
  readonly name?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly retryable?: boolean;
};

/** A process of its own with the built store (`dist`): what it says, and the end of it. */
function startProcess(
  what: "open" | "hold" | "insert",
  path: string,
  from = 0,
): { child: ChildProcess; said: Said[]; opened: Promise<Said>; exited: Promise<unknown> } {
  const child = fork(fileURLToPath(new URL("../support/store-process.mjs", import.meta.url)), [what, path, String(from)], {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const said: Said[] = [];
  const exited = once(child, "exit");
  const opened = new Promise<Said>((resolve, reject) => {
    child.on("message", (message) => {
      said.push(message as Said);
      if (said.length === 1) resolve(message as Said);
    });
    child.once("exit", (code) => reject(new Error(`It ended with ${code} before it said anything.`)));
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return { child, said, opened, exited };
}

const letter = (index: number) => ({
  received_at: Date.UTC(2024, 0, 1),
  source: "s",
  topic: "t",
  partition: 0,
  offset: `${index}`,
  reason: "r",
  message: "m".repeat(50),
  payload: "p".repeat(50),
  payload_bytes: 50,
});

describe("an embedded store", () => {
  it("R22 has one owner: another process is told so", { timeout: often(30_000, 300_000) }, async () => {
    const path = scratchDirectory();
    const owner = startProcess("hold", path);
    expect(await owner.opened).toEqual({ opened: true });
    await expect(openStore({ kind: "embedded", path })).rejects.toMatchObject({
      name: "StoreError",
      message: `Another process (${owner.child.pid}) has the data directory ${path} open.`,
      hint: expect.stringMatching(/daemon|store\.path/),
    });
    owner.child.kill("SIGKILL");
    await owner.exited;
    const store = await openStore({ kind: "embedded", path });
    for (let time = 0; time < often(1, 20); time++) {
      const late = startProcess("open", path);
      expect(await late.opened).toMatchObject({
        opened: false,
        name: "StoreError",
        message: `Another process (${process.pid}) has the data directory ${path} open.`,
      });
      await late.exited;
    }
    await store.close();
    const next = startProcess("open", path);
    expect(await next.opened).toEqual({ opened: true });
    await next.exited;
  });

  it("says which directory cannot be written", async () => {
    const directory = scratchDirectory();
    writeFileSync(join(directory, "file"), "");
    symlinkSync(join(directory, "not-mounted"), join(directory, "link"));
    for (const path of [join(directory, "file", "data"), join(directory, "link", "data")]) {
      await expect(openStore({ kind: "embedded", path })).rejects.toMatchObject({
        name: "StoreError",
        retryable: false,
        message: expect.stringMatching(new RegExp(`^The data directory ${path} cannot be written: E[A-Z]+\\.$`)),
        hint: expect.stringContaining("store.path"),
      });
    }
  });

  it("keeps what it was given, and opens again and again", async () => {
    const path = scratchDirectory();
    for (let round = 0; round < 3; round += 1) {
      const store = await openStore({ kind: "embedded", path });
      await store.insert("dead_letters", [letter(round)]);
      expect(await store.query("SELECT count() AS rows FROM dead_letters")).toEqual([{ rows: round + 1 }]);
      await store.close();
    }
  });
});

describe("a damaged part", () => {
  /** A store with one part of 2,000 rows, closed, and the directory of that part. */
  async function storeWithPart(): Promise<{ path: string; part: string }> {
    const path = scratchDirectory();
    const store = await openStore({ kind: "embedded", path });
    await store.insert(
      "dead_letters",
      Array.from({ length: 2_000 }, (_, index) => letter(index)),
    );
    const [row] = await store.query<{ path: string }>(
      "SELECT path FROM system.parts WHERE table = 'dead_letters' AND active AND database = currentDatabase()",
    );
    await store.close();
    if (!row) throw new Error("There is no part.");
    return { path, part: row.path };
  }

  it("R21 is found before the store is ready, whichever file lost its end", async () => {
    const whole = await storeWithPart();
    const files = readdirSync(whole.part).filter((file) => statSync(join(whole.part, file)).size > 1);
    expect(files).toEqual(expect.arrayContaining(["data.bin", "checksums.txt", "primary.cidx"]));
    // What was neither refused nor read whole.
    const missed: string[] = [];
    for (const file of files) {
      const path = scratchDirectory();
      cpSync(whole.path, path, { recursive: true, verbatimSymlinks: true });
      const damaged = join(whole.part.replace(whole.path, path), file);
      truncateSync(damaged, Math.floor(statSync(damaged).size / 2));
      const outcome = await openStore({ kind: "embedded", path }).then(
        async (store) => {
          const rows = await store
            .query("SELECT count() AS rows, sum(length(payload)) AS bytes FROM dead_letters FINAL")
            .catch((error: unknown) => String(error));
          await store.close();
          return rows;
        },
        (error: unknown) => error,
      );
      if (outcome instanceof Error) expect(outcome.message).toMatch(/damaged part\(s\).*dead_letters\/\S*202401_1_1_1/);
      else if (JSON.stringify(outcome) !== JSON.stringify([{ rows: 2_000, bytes: 100_000 }]))
        missed.push(`${file}: ${JSON.stringify(outcome)}`);
    }
    expect(missed).toEqual([]);
  });

  it("stays found, however often the store is opened", async () => {
    const { path, part } = await storeWithPart();
    truncateSync(join(part, "data.bin"), 10);
    for (let time = 0; time < 2; time += 1) await expect(openStore({ kind: "embedded", path })).rejects.toThrow(/dead_letters/);
  });

  it("is none that ClickHouse set aside without loss, or a person did", async () => {
    const { path, part } = await storeWithPart();
    const detached = join(part, "..", "detached");
    mkdirSync(detached, { recursive: true });
    for (const name of ["ignored_202401_1_1_0", "clone_202401_1_1_0", "deleting_202401_1_1_0", "attaching_202401_1_1_0", "202401_7_7_0"])
      cpSync(part, join(detached, name), { recursive: true });
    const store = await openStore({ kind: "embedded", path });
    onTestFinished(() => store.close());
    expect(await store.query("SELECT count() AS rows FROM dead_letters")).toEqual([{ rows: 2_000 }]);
    const reasons = await store.query<{ reason: string }>("SELECT reason FROM system.detached_parts ORDER BY reason");
    expect(reasons.map((row) => row.reason)).toEqual(["", "attaching", "clone", "deleting", "ignored"]);
  });
});

describe("a process that is killed while it inserts", () => {
  it("leaves a store that opens, with every row that it was told is there", async () => {
    const path = scratchDirectory();
    let next = 0;
    const acknowledged = new Set<number>();
    for (let kill = 0; kill < 20; kill += 1) {
      const writer = startProcess("insert", path, next);
      expect(await writer.opened).toEqual({ opened: true });
      // Kills fall after one to four more batches, each at another point within the next.
      const enough = 1 + (kill % 4);
      while (writer.said.length <= enough) await once(writer.child, "message");
      for (let spin = 0; spin < kill; spin += 1) await new Promise((resolve) => setImmediate(resolve));
      writer.child.kill("SIGKILL");
      await writer.exited;
      for (const { inserted } of writer.said) {
        if (inserted === undefined) continue;
        acknowledged.add(inserted);
        next = Math.max(next, inserted + 2);
      }
    }
    const store = await openStore({ kind: "embedded", path });
    onTestFinished(() => store.close());
    const whole = await store.query<{ batch: number }>(
      "SELECT partition AS batch FROM dead_letters FINAL GROUP BY partition HAVING count() = 500",
    );
    const stored = new Set(whole.map((row) => row.batch));
    expect([...acknowledged].filter((batch) => !stored.has(batch))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(20);
  });
});
