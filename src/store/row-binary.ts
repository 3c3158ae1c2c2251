/**
 * Writes values in ClickHouse's RowBinary form, one after the other as the columns of the INSERT name them. It checks
 * nothing: a value of another type than its column's shifts all that follow.
 */
export type RowWriter = ReturnType<typeof createRowWriter>;

export function createRowWriter(capacity = 64 * 1024) {
  let buffer = Buffer.allocUnsafe(capacity);
  let at = 0;

  function reserve(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  }

  /** A length: of a text, an array or a map. LEB128. */
  function length(value: number): void {
    reserve(5);
    let rest = value;
    while (rest > 127) {
      buffer[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    buffer[at++] = rest;
  }

  function text(value: string): void {
    // At most three bytes a UTF-16 unit; and the length of short ones is a single byte.
    if (value.length < 43) {
      reserve(value.length * 3 + 1);
      const written = buffer.write(value, at + 1);
      buffer[at] = written;
      at += written + 1;
      return;
    }
    const bytes = Buffer.byteLength(value);
    length(bytes);
    reserve(bytes);
    at += buffer.write(value, at);
  }

  return {
    length,
    text,
    byte(value: number): void {
      reserve(1);
      buffer[at++] = value;
    },
    uint16(value: number): void {
      reserve(2);
      at = buffer.writeUInt16LE(value, at);
    },
    uint64(value: bigint): void {
      reserve(8);
      at = buffer.writeBigUInt64LE(value, at);
    },
    uint128(value: bigint): void {
      reserve(16);
      at = buffer.writeBigUInt64LE(value & 0xffff_ffff_ffff_ffffn, at);
      at = buffer.writeBigUInt64LE(value >> 64n, at);
    },
    /** A whole number of at most 2^53: DateTime64(3) as milliseconds. */
    int64(value: number): void {
      reserve(8);
      const high = Math.floor(value / 2 ** 32);
      at = buffer.writeUInt32LE(value - high * 2 ** 32, at);
      at = buffer.writeInt32LE(high, at);
    },
    float32(value: number): void {
      reserve(4);
      at = buffer.writeFloatLE(value, at);
    },
    float64(value: number): void {
      reserve(8);
      at = buffer.writeDoubleLE(value, at);
    },
    size: (): number => at,
    /** What was written since the last time. The bytes are the caller's. */
    take(): Uint8Array {
      const taken = buffer.subarray(0, at);
      buffer = Buffer.allocUnsafe(capacity);
      at = 0;
      return taken;
    },
  };
}
