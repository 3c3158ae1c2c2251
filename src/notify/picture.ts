import { crc32, deflateSync } from "node:zlib";

type Pair = { readonly reference: number; readonly current: number };

const WIDTH = 400;
/** The height of one pair of bars, as it stands in the picture; shown at half of it, for screens with small points. */
export const PAIR_HEIGHT = 48;
const BAR = 18;
const PALETTE = [0xff_ff_ff, 0x9a_a5_b1, 0xc6_28_28];
const [PAPER, BEFORE, AFTER] = [0, 1, 2];

/**
 * Shares before (grey) and after (red) as pairs of bars, one below the other: a PNG, the one kind of picture that mail
 * programs show wherever they show any.
 */
export function barsPicture(pairs: readonly Pair[]): Buffer {
  const largest = Math.max(...pairs.flatMap(({ reference, current }) => [reference, current]), Number.MIN_VALUE);
  const length = (share: number) => (share > 0 ? Math.max(2, Math.round((share / largest) * WIDTH)) : 0);
  const rows = pairs.flatMap(({ reference, current }) => {
    const top = (PAIR_HEIGHT - 2 * BAR) / 2;
    return Array.from({ length: PAIR_HEIGHT }, (_, y) => {
      if (y < top || y >= PAIR_HEIGHT - top) return scanline(0, PAPER);
      return y < top + BAR ? scanline(length(reference), BEFORE) : scanline(length(current), AFTER);
    });
  });
  return png(rows);
}

/** One line of points, behind the byte that says how it is written: as it is. */
function scanline(length: number, colour: number): Buffer {
  const line = Buffer.alloc(WIDTH + 1, PAPER);
  line[0] = 0;
  return line.fill(colour, 1, 1 + length);
}

function png(rows: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(rows.length, 4);
  // Eight bits a point, each the number of a colour.
  header.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(PALETTE.flatMap((colour) => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff]));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("PLTE", colours),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(8 + body.length);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), 4 + body.length);
  return framed;
}
