/**
 * Rows in ClickHouse's Native form: a block of columns, each one after the other. Of all forms it costs the engine
 * least, for it is the one that it works with; what is left to do is done here. Every column should be there and of
 * the table's type, though empty: to make up for one that is not costs more than to send it. It checks nothing.
 */

/** One column: its name, its type, and how the values of some rows are written. */
export type Column<Row> = {
  readonly name: string;
  readonly type: string;
  readonly write: (out: Bytes, rows: readonly Row[]) => void;
};

export function nativeBlock<Row>(out: Bytes, columns: readonly Column<Row>[], rows: readonly Row[]): Uint8Array {
  out.length(columns.length);
  out.length(rows.length);
  for (const { name, type, write } of columns) {
    out.text(name);
    out.text(type);
    write(out, rows);
  }
  return out.take();
}

export type Bytes = ReturnType<typeof createBytes>;

/** Up to here a loop over the characters is quicker than a call for all of them. */
const SHORT_TEXT = 64;

/** Bytes that grow. */
export function createBytes(capacity = 256 * 1024) {
  let buffer = Buffer.allocUnsafe(capacity);
  let at = 0;

  function reserve(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  }

  /** A length, LEB128. */
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
    if (value.length <= SHORT_TEXT) {
      reserve(value.length + 1);
      const begin = at;
      buffer[at++] = value.length;
      for (let index = 0; index < value.length; index++) {
        const unit = value.charCodeAt(index);
        buffer[at++] = unit;
        if (unit > 127) {
          at = begin;
          break;
        }
      }
      if (at > begin) return;
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
    bytes(values: Uint8Array): void {
      reserve(values.length);
      buffer.set(values, at);
      at += values.length;
    },
    /** A whole number of 32 bits. */
    uint32(value: number): void {
      reserve(4);
      at = buffer.writeUInt32LE(value, at);
    },
    /** A whole number of at most 48 bits. */
    uint48(value: number): void {
      reserve(6);
      at = buffer.writeUIntLE(value, at, 6);
    },
    /** What was written since the last time. The bytes are the caller's. */
    take(): Uint8Array {
      const taken = Buffer.from(buffer.subarray(0, at));
      at = 0;
      return taken;
    },
  };
}

const bytesOf = (array: Float64Array | BigUint64Array | Float32Array | Uint16Array | Uint32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

export function texts<Row>(of: (row: Row) => string): Column<Row>["write"] {
  return (out, rows) => {
    for (const row of rows) out.text(of(row));
  };
}

/** `LowCardinality(String)`: the texts there are, and for each row which of them it is. */
export function namedTexts<Row>(of: (row: Row) => string): Column<Row>["write"] {
  return (out, rows) => {
    const places = new Map<string, number>([["", 0]]);
    let last = "";
    let place = 0;
    const indexes = new Uint32Array(rows.length);
    for (let index = 0; index < rows.length; index++) {
      const value = of(rows[index]!);
      if (value !== last) {
        last = value;
        place = places.get(value) ?? places.size;
        places.set(value, place);
      }
      indexes[index] = place;
    }
    out.bytes(bytesOf(BigUint64Array.of(1n)));
    // Indexes of 32 bits, keys of its own, nothing shared with other blocks.
    out.bytes(bytesOf(BigUint64Array.of(0x602n, BigInt(places.size))));
    for (const key of places.keys()) out.text(key);
    out.bytes(bytesOf(BigUint64Array.of(BigInt(rows.length))));
    out.bytes(bytesOf(indexes));
  };
}

export function float64s<Row>(of: (row: Row) => number): Column<Row>["write"] {
  return (out, rows) => {
    const values = new Float64Array(rows.length);
    for (let index = 0; index < rows.length; index++) values[index] = of(rows[index]!);
    out.bytes(bytesOf(values));
  };
}

/** `DateTime64(3)`, and any whole number of 64 bits that is at most 2^53. */
export function int64s<Row>(of: (row: Row) => number): Column<Row>["write"] {
  return (out, rows) => {
    const words = new Uint32Array(2 * rows.length);
    for (let index = 0; index < rows.length; index++) {
      const value = of(rows[index]!);
      const high = Math.floor(value / 2 ** 32);
      words[2 * index] = value - high * 2 ** 32;
      words[2 * index + 1] = high;
    }
    out.bytes(bytesOf(words));
  };
}

export function uint64s<Row>(of: (row: Row) => bigint): Column<Row>["write"] {
  return (out, rows) => {
    const values = new BigUint64Array(rows.length);
    for (let index = 0; index < rows.length; index++) values[index] = of(rows[index]!);
    out.bytes(bytesOf(values));
  };
}

/** `Nullable` of what `write` writes; where the value is null, `absent` takes its place. */
export function nullable<Row, Value>(
  of: (row: Row) => Value | null,
  absent: Value,
  write: (of: (row: Row) => Value) => Column<Row>["write"],
): Column<Row>["write"] {
  const values = write((row) => of(row) ?? absent);
  return (out, rows) => {
    const isNull = new Uint8Array(rows.length);
    for (let index = 0; index < rows.length; index++) isNull[index] = of(rows[index]!) === null ? 1 : 0;
    out.bytes(isNull);
    values(out, rows);
  };
}

/** Where the list of each row ends among those of all: what an array's values, or a map's, come behind. */
function ends<Row>(out: Bytes, rows: readonly Row[], sizeOf: (row: Row) => number): number {
  let end = 0;
  const words = new Uint32Array(2 * rows.length);
  for (let index = 0; index < rows.length; index++) {
    end += sizeOf(rows[index]!);
    words[2 * index] = end;
  }
  out.bytes(bytesOf(words));
  return end;
}

export function textLists<Row>(of: (row: Row) => readonly string[]): Column<Row>["write"] {
  return (out, rows) => {
    if (ends(out, rows, (row) => of(row).length) === 0) return;
    for (const row of rows) for (const text of of(row)) out.text(text);
  };
}

/** Arrays of numbers of one size; `fill` writes those of a row into an array from a place on, and tells where they end. */
export function numberLists<Row, List extends Float64Array | Uint16Array>(
  List: new (length: number) => List,
  sizeOf: (row: Row) => number,
  fill: (row: Row, into: List, from: number) => number,
): Column<Row>["write"] {
  return (out, rows) => {
    const all = new List(ends(out, rows, sizeOf));
    if (all.length === 0) return;
    let from = 0;
    for (const row of rows) from = fill(row, all, from);
    out.bytes(bytesOf(all));
  };
}

/** `Map(String, Float64)`. */
export function numberMaps<Row>(of: (row: Row) => ReadonlyMap<string, number>): Column<Row>["write"] {
  return (out, rows) => {
    if (ends(out, rows, (row) => of(row).size) === 0) return;
    for (const row of rows) for (const name of of(row).keys()) out.text(name);
    for (const row of rows) out.bytes(bytesOf(Float64Array.from(of(row).values())));
  };
}

/** `Map(String, Array(Float32))`. */
export function vectorMaps<Row>(of: (row: Row) => ReadonlyMap<string, readonly number[]>): Column<Row>["write"] {
  return (out, rows) => {
    if (ends(out, rows, (row) => of(row).size) === 0) return;
    for (const row of rows) for (const name of of(row).keys()) out.text(name);
    const vectors = rows.flatMap((row) => [...of(row).values()]);
    ends(out, vectors, (parts) => parts.length);
    for (const parts of vectors) out.bytes(bytesOf(Float32Array.from(parts)));
  };
}
