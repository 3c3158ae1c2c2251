import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { basename } from "node:path";
import { parseTime, type Millis } from "../model/time.ts";
import { DECODE_LIMITS } from "./limits.ts";
import { describe, readLines, type Line } from "./lines.ts";
import type { BatchHandler, EventSource, Message, PartitionStatus } from "./source.ts";

const BATCH_MESSAGES = 2_000;
/** A batch of large events is cut earlier: it is held in memory several times over until it is stored. */
const BATCH_BYTES = 8 * 1024 * 1024;

export type FileProgress = { readonly file: string; readonly bytes: number; readonly totalBytes: number };

export type FileSourceOptions = {
  readonly files: readonly string[];
  /** Bytes read so far, as they lie on disk, of all files together. */
  readonly onProgress?: (progress: FileProgress) => void;
  /** `given` reads one file after the other; `time` merges files, each in time order, into one stream. */
  readonly order?: "given" | "time";
  readonly lineBytes?: number;
  /** What makes events of the lines; none where they are events already. */
  readonly adapter?: string;
};

export type FileSource = EventSource & {
  /** Resolves once every line was handled; rejects with what stopped the reading. */
  readonly done: Promise<void>;
};

/** Events of NDJSON files, gzip or not. It has an end; a line number is an offset, so reading again repeats nothing. */
export function createFileSource(options: FileSourceOptions): FileSource {
  const { files, onProgress, order = "given", lineBytes = DECODE_LIMITS.bytes, adapter } = options;
  const keys = [...new Set(files.map((file) => `${basename(file)}/0`))];
  const states = new Map<string, { committed: string | null; drained: boolean }>(
    keys.map((key) => [key, { committed: null, drained: false }]),
  );
  let running = false;
  let stopping = false;
  let failure: string | null = null;
  let settle: { resolve: () => void; reject: (error: unknown) => void } = { resolve: () => {}, reject: () => {} };
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Who only looks at the status must not bring the process down.
  done.catch(() => {});

  async function start(handle: BatchHandler): Promise<void> {
    let totalBytes = 0;
    for (const file of files) totalBytes += await sizeOf(file);
    running = true;
    void read(handle, totalBytes).then(
      () => {
        running = false;
        settle.resolve();
      },
      (error: unknown) => {
        running = false;
        failure = error instanceof Error ? error.message : String(error);
        settle.reject(error);
      },
    );
  }

  async function read(handle: BatchHandler, totalBytes: number): Promise<void> {
    let bytes = 0;
    const onBytes = (file: string, more: number): void => {
      bytes += more;
      onProgress?.({ file, bytes, totalBytes });
    };
    const deliver = async (messages: readonly Message[]): Promise<void> => {
      const last = messages.at(-1);
      if (!last) return;
      const key = `${last.origin.topic}/0`;
      await handle(messages, { key, drained: false });
      for (const { origin } of messages) {
        const state = states.get(`${origin.topic}/0`);
        if (state) state.committed = origin.offset;
      }
    };
    const messages = order === "time" ? replayFeed(files, { lineBytes, onBytes }) : inTurn(files, { lineBytes, onBytes });
    let batch: Message[] = [];
    let held = 0;
    for await (const message of messages) {
      if (stopping) return;
      // A batch is of one file, but for a merged stream: there files alternate too often.
      const another = order === "given" && batch.length > 0 && batch[0]?.origin.topic !== message.origin.topic;
      if (another || batch.length >= BATCH_MESSAGES || held >= BATCH_BYTES) {
        await deliver(batch);
        batch = [];
        held = 0;
      }
      batch.push(adapter === undefined ? message : { ...message, adapter });
      held += message.bytes?.length ?? 0;
    }
    await deliver(batch);
    // Only now: a file that is read out must not let the watermark pass the events of the next one.
    for (const [key, state] of states) {
      state.drained = true;
      await handle([], { key, drained: true });
    }
  }

  async function stop(): Promise<void> {
    stopping = true;
    if (running) await done.catch(() => {});
  }

  function status() {
    const partitions = [...states].map(([key, state]): PartitionStatus => ({
      key,
      committed: state.committed,
      highWatermark: null,
      drained: state.drained,
    }));
    return { running, error: failure, partitions, gaps: 0, lost: 0 };
  }

  return { name: "files", start, stop, status, done };
}

type ReadOptions = { readonly lineBytes?: number; readonly onBytes?: (file: string, bytes: number) => void };

async function* inTurn(files: readonly string[], options: ReadOptions): AsyncGenerator<Message> {
  for (const file of files) {
    for await (const lines of linesOf(file, options)) for (const line of lines) yield toMessage(file, line);
  }
}

/**
 * The messages of several files, each in time order, merged by event time: predictions and labels as they came. An
 * event whose time cannot be told keeps its place in its file; of equal times the first file's goes first.
 */
export async function* replayFeed(files: readonly string[], options: ReadOptions = {}): AsyncGenerator<Message> {
  const readers = files.map((file) => ({
    file,
    blocks: linesOf(file, options),
    lines: [] as Line[],
    next: 0,
    time: -Infinity,
    ended: false,
  }));
  const advance = async (reader: (typeof readers)[number]): Promise<void> => {
    reader.next++;
    if (reader.next >= reader.lines.length) {
      const { value, done } = await reader.blocks.next();
      reader.ended = done === true;
      reader.lines = done ? [] : value;
      reader.next = 0;
    }
    const line = reader.lines[reader.next];
    if (line) reader.time = peekTime(line.bytes) ?? reader.time;
  };
  try {
    for (const reader of readers) await advance(reader);
    for (;;) {
      let first: (typeof readers)[number] | null = null;
      for (const reader of readers) if (!reader.ended && (first === null || reader.time < first.time)) first = reader;
      const line = first?.lines[first.next];
      if (!first || !line) return;
      yield toMessage(first.file, line);
      await advance(first);
    }
  } finally {
    for (const reader of readers) await reader.blocks.return(undefined);
  }
}

const TIME_FIELD = /"time"\s*:\s*(?:"([^"\\]{1,40})"|(\d{1,16})\b)/;

/**
 * The event time of a line, found without parsing it. Where "time" stands more than once (a feature may be called
 * so), the line is parsed after all. Null when there is none.
 */
export function peekTime(bytes: Uint8Array): Millis | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const first = text.indexOf('"time"');
  if (first < 0) return null;
  if (text.indexOf('"time"', first + 6) < 0) {
    const match = TIME_FIELD.exec(text);
    if (!match) return null;
    return match[1] === undefined ? Number(match[2]) : parseTime(match[1]);
  }
  try {
    const time = (JSON.parse(text) as { time?: unknown } | null)?.time;
    return typeof time === "number" && Number.isFinite(time) ? time : typeof time === "string" ? parseTime(time) : null;
  } catch {
    return null;
  }
}

function linesOf(file: string, { lineBytes = DECODE_LIMITS.bytes, onBytes }: ReadOptions): AsyncGenerator<Line[]> {
  return readLines(file, lineBytes, onBytes ? (bytes) => onBytes(file, bytes) : undefined);
}

function toMessage(file: string, line: Line): Message {
  return {
    origin: { source: "file", topic: basename(file), partition: 0, offset: String(line.number) },
    bytes: line.bytes,
    timestamp: null,
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    await access(file, constants.R_OK);
    const found = await stat(file);
    if (found.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    return found.size;
  } catch (error) {
    throw describe(file, error);
  }
}
