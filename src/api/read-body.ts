import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Problem } from "./problem.ts";

const inflate = promisify(gunzip);

/**
 * The body of a request, at most `limit` bytes of it, before and after inflating. Counted while it is read: a
 * Content-Length may be absent, or a lie.
 */
export async function readBody(request: Request, limit: number): Promise<Buffer> {
  const encoding = (request.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (encoding !== "identity" && encoding !== "gzip")
    throw new Problem(415, "The body's Content-Encoding is not known here.", "Send it as it is, or with Content-Encoding: gzip.");
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge(limit);
  const body = await readStream(request, limit);
  if (encoding === "identity") return body;
  try {
    return await inflate(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limit);
    throw new Problem(400, "The body is not gzip, or was cut off.", "Compress the whole body once, with gzip.");
  }
}

async function readStream(request: Request, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = request.body?.getReader();
  if (!reader) return Buffer.alloc(0);
  for (;;) {
    const { done, value } = await read(reader);
    if (done) return Buffer.concat(chunks);
    bytes += value.byteLength;
    if (bytes > limit) {
      void reader.cancel().catch(() => {});
      throw tooLarge(limit);
    }
    chunks.push(value);
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch {
    throw new Problem(400, "The body ended before it was complete.", "Send it again: taking an event twice is harmless.");
  }
}

function tooLarge(limit: number): Problem {
  // What is left of the body would be read as the next request.
  return new Problem(413, `The body is larger than ${limit / 1024 / 1024} MiB.`, "Send fewer events at a time.", {
    headers: { connection: "close" },
  });
}
