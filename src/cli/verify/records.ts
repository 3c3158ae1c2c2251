import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliFailure } from "../failure.ts";

/** What one record is about: an event that was read, or a row that is held. */
export const KINDS = ["prediction", "label", "row", "superseded", "outcome", "waiting", "arrival", "refused", "missing", "letter"] as const;
export type RecordKind = (typeof KINDS)[number];

/** A fixed number of bytes for an event of any size. */
export type VerifyRecord = {
  readonly kind: RecordKind;
  /** 8 bytes in hexadecimal; zeros where there is no id. */
  readonly id: string;
  /** 16 bytes in hexadecimal. */
  readonly precedence: string;
  /** Index of a model, of a topic or file, and a small number that means what the kind says. */
  readonly model: number;
  readonly stream: number;
  readonly detail: number;
  readonly partition: number;
  /** An offset, or a time in milliseconds. */
  readonly at: number;
};

export const NO_ID = "0".repeat(16);
export const NO_PRECEDENCE = "0".repeat(32);

const SIZE = 44;
const SLOTS = 256;
/** Records of a slot that are kept in memory before they go to disk. */
const BUFFERED = 1_024;

export type Slots = {
  add(slot: number, record: VerifyRecord): void;
  /** Each slot's records in turn, in the order in which they came. */
  each(): Iterable<readonly VerifyRecord[]>;
  close(): void;
};

type Buffered = { readonly bytes: Buffer; length: number; file: number | null; written: number };

/**
 * Records by slot: those that belong together share one, so that only a slot at a time need be in memory. What does
 * not fit into the buffers lies in files below the system's directory for temporary ones. They have no name any more once
 * they are open, so that nothing is left of them however the program ends.
 */
export function createSlots(): Slots {
  const buffers = new Map<number, Buffered>();

  function add(slot: number, record: VerifyRecord): void {
    let buffer = buffers.get(slot);
    if (!buffer) buffers.set(slot, (buffer = { bytes: Buffer.allocUnsafe(SIZE * BUFFERED), length: 0, file: null, written: 0 }));
    write(buffer.bytes, buffer.length, record);
    buffer.length += SIZE;
    if (buffer.length < buffer.bytes.length) return;
    spill(buffer);
    buffer.written += buffer.length;
    buffer.length = 0;
  }

  function* each(): Iterable<readonly VerifyRecord[]> {
    for (let slot = 0; slot < SLOTS; slot++) {
      const buffer = buffers.get(slot);
      if (!buffer) continue;
      const bytes = Buffer.allocUnsafe(buffer.written + buffer.length);
      if (buffer.file !== null) readSync(buffer.file, bytes, 0, buffer.written, 0);
      buffer.bytes.copy(bytes, buffer.written, 0, buffer.length);
      const records: VerifyRecord[] = [];
      for (let start = 0; start < bytes.length; start += SIZE) records.push(read(bytes, start));
      yield records;
    }
  }

  function close(): void {
    for (const { file } of buffers.values()) if (file !== null) closeSync(file);
    buffers.clear();
  }

  return { add, each, close };
}

function spill(buffer: Buffered): void {
  try {
    buffer.file ??= openNameless();
    if (writeSync(buffer.file, buffer.bytes, 0, buffer.length, buffer.written) < buffer.length) throw new Error("only a part was written");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliFailure(
      `Temporary files cannot be written: ${why}.`,
      "It takes about 50 bytes an event; TMPDIR names another directory for it.",
    );
  }
}

function openNameless(): number {
  const path = join(tmpdir(), `driftwatch-verify-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return file;
}

/** Ids are hashed, so their first byte spreads them evenly. */
export function slotOfId(id: string): number {
  return Number.parseInt(id.slice(0, 2), 16);
}

export function slotOfPlace(partition: number, offset: number): number {
  return (offset + partition) % SLOTS;
}

function write(bytes: Buffer, start: number, record: VerifyRecord): void {
  bytes.write(record.id, start, 8, "hex");
  bytes.write(record.precedence, start + 8, 16, "hex");
  bytes.writeUInt8(KINDS.indexOf(record.kind), start + 24);
  bytes.writeUInt8(record.detail, start + 25);
  bytes.writeUInt16LE(record.model, start + 26);
  bytes.writeUInt32LE(record.stream, start + 28);
  bytes.writeInt32LE(record.partition, start + 32);
  bytes.writeDoubleLE(record.at, start + 36);
}

function read(bytes: Buffer, start: number): VerifyRecord {
  return {
    id: bytes.toString("hex", start, start + 8),
    precedence: bytes.toString("hex", start + 8, start + 24),
    kind: KINDS[bytes.readUInt8(start + 24)] ?? "row",
    detail: bytes.readUInt8(start + 25),
    model: bytes.readUInt16LE(start + 26),
    stream: bytes.readUInt32LE(start + 28),
    partition: bytes.readInt32LE(start + 32),
    at: bytes.readDoubleLE(start + 36),
  };
}
