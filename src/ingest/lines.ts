import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { SourceError } from "./source.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;

export type Line = { readonly number: number; readonly bytes: Uint8Array };

/**
 * The lines of a file that hold anything, gzip or not (told by its first bytes, not its name). Of a line longer than
 * `limit` only the first `limit` + 1 bytes come: enough to be found too long, whatever follows. Throws a SourceError
 * when the file cannot be read to its end; the lines before that have come by then.
 */
export async function* readLines(file: string, limit: number, onBytes: (bytes: number) => void = () => {}): AsyncGenerator<Line[]> {
  const { raw, open } = openContent(file);
  try {
    raw.on("data", (chunk) => onBytes(chunk.length));
    raw.pause();
    const content = await open();
    let number = 1;
    // The beginning of a line whose end has not come yet: at most limit + 1 bytes, whatever the line's length.
    let parts: Uint8Array[] = [];
    let held = 0;
    const hold = (piece: Uint8Array): void => {
      const room = limit + 1 - held;
      if (room <= 0 || piece.length === 0) return;
      parts.push(piece.length > room ? piece.slice(0, room) : piece);
      held += Math.min(piece.length, room);
    };
    const takeLine = (lines: Line[]): void => {
      const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
      const end = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length;
      if (!isBlank(bytes)) lines.push({ number, bytes: bytes.subarray(0, end) });
      number++;
      parts = [];
      held = 0;
    };
    for await (const chunk of content as AsyncIterable<Buffer>) {
      const lines: Line[] = [];
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        hold(chunk.subarray(start, end));
        takeLine(lines);
        start = end + 1;
      }
      hold(chunk.subarray(start));
      if (lines.length > 0) yield lines;
    }
    const last: Line[] = [];
    if (held > 0) takeLine(last);
    if (last.length > 0) yield last;
  } catch (error) {
    throw describe(file, error);
  } finally {
    raw.destroy();
  }
}

/** A file as a stream of its bytes, and of what they hold once `open` was called: gzip is told by its first bytes, not its name. */
export function openContent(file: string): { readonly raw: Readable; open(): Promise<Readable> } {
  const raw = createReadStream(file, { highWaterMark: 256 * 1024 });
  return {
    raw,
    open: async () => {
      const content = (await isGzip(file)) ? raw.pipe(createGunzip({ chunkSize: 256 * 1024 })) : raw;
      raw.on("error", (error) => content.destroy(error));
      return content;
    },
  };
}

/** Blank lines are how people end files, not events. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.length < 64 && bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === RETURN);
}

async function isGzip(file: string): Promise<boolean> {
  const [first, second] = await firstBytes(file, 2);
  return first === 0x1f && second === 0x8b;
}

/** The bytes a file begins with; fewer where it has no more. */
export async function firstBytes(file: string, length: number): Promise<Uint8Array> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

export function describe(file: string, error: unknown): SourceError {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? "";
  const cause = { cause: error };
  if (code === "ENOENT")
    return new SourceError(`There is no file ${file}.`, "Check its name, and the directory this was started in.", cause);
  if (code === "EISDIR") return new SourceError(`${file} is a directory.`, "Name the files in it.", cause);
  if (code === "EACCES" || code === "EPERM")
    return new SourceError(`The file ${file} may not be read.`, "Give this user the right to read it.", cause);
  if (code === "Z_BUF_ERROR")
    return new SourceError(
      `The gzip file ${file} ends too early.`,
      "It was cut off, perhaps while it was copied or still being written: get it again. Reading it twice is harmless.",
      cause,
    );
  if (code.startsWith("Z_"))
    return new SourceError(
      `The gzip file ${file} is damaged (${code}).`,
      "Get it again, and try gzip -t on it. Reading it twice is harmless.",
      cause,
    );
  return new SourceError(
    `The file ${file} cannot be read: ${code || (error instanceof Error ? error.message : String(error))}.`,
    "Check the disk it is on.",
    cause,
  );
}
