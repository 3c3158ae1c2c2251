import { createRequire } from "node:module";
import zlib from "node:zlib";
import lz4 from "lz4-napi";
import snappy from "snappy";

/** Undoes one compression. Reading only: what this program produces is plain or gzip. */
export type Decompress = (compressed: Buffer) => Promise<Buffer>;

export const decompressLz4: Decompress = async (compressed) => lz4.decompressFrameSync(compressed);

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER = 16;

/** Java clients and brokers cut snappy into blocks with a header of their own (xerial); librdkafka sends it bare. */
export const decompressSnappy: Decompress = async (compressed) => {
  if (!compressed.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return plainSnappy(compressed);
  const blocks: Buffer[] = [];
  for (let at = XERIAL_HEADER; at < compressed.length;) {
    const length = compressed.readUInt32BE(at);
    const from = at + 4;
    if (from + length > compressed.length) throw new Error("snappy: a block is cut short");
    blocks.push(plainSnappy(compressed.subarray(from, from + length)));
    at = from + length;
  }
  return Buffer.concat(blocks);
};

function plainSnappy(compressed: Buffer): Buffer {
  const plain = snappy.uncompressSync(compressed);
  return typeof plain === "string" ? Buffer.from(plain) : plain;
}

type SyncDecompress = (compressed: Uint8Array) => Uint8Array;
let zstd: SyncDecompress | null = null;

export const decompressZstd: Decompress = async (compressed) => {
  zstd ??= findZstd();
  const plain = zstd(compressed);
  return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength);
};

/** Node has zstd from 22.15 on. Before, a package must help, and one with a native part is not there after an install without scripts. */
function findZstd(): SyncDecompress {
  const builtIn = (zlib as { zstdDecompressSync?: SyncDecompress }).zstdDecompressSync;
  if (builtIn) return builtIn;
  const require = createRequire(import.meta.url);
  for (const name of ["fzstd"]) {
    try {
      return (require(name) as { decompress: SyncDecompress }).decompress;
    } catch {
      // The next one may be there.
    }
  }
  return refuseCodec("zstd", "Run it on Node 22.15 or newer, or install the package fzstd.");
}

/** Throws what kafkajs stops for good at; on an error of another name it would try again for ever. */
export function refuseCodec(codec: string, hint = "Have the producers, or the topic, use gzip, snappy, lz4 or zstd."): never {
  const missing = new Error(`a batch is compressed with ${codec}, and this installation cannot read that`);
  missing.name = "KafkaJSNotImplemented";
  throw Object.assign(missing, { hint });
}
