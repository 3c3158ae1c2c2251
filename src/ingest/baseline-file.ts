import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import type { BaselineRow } from "../model/event.ts";
import type { ModelSettings } from "../model/settings.ts";
import type { Clock } from "../model/time.ts";
import { decodeBaselineRow } from "./decode.ts";
import { DECODE_LIMITS } from "./limits.ts";
import { describe, readLines } from "./lines.ts";
import { SourceError } from "./source.ts";

/**
 * A file of baseline rows (NDJSON, gzip too). Unlike live events a malformed row is an error, with its line: a
 * baseline that silently lacks rows would make every comparison with it wrong.
 */
export async function openBaselineFile(
  file: string,
  model: ModelSettings,
  clock: Clock,
): Promise<{ source: string; digest: string; rows(): AsyncIterable<readonly BaselineRow[]> }> {
  const context = { models: new Map([[model.name, model]]), now: clock(), liveClock: false };
  const topic = basename(file);
  return {
    source: topic,
    digest: await digestOf(file),
    async *rows() {
      for await (const lines of readLines(file, DECODE_LIMITS.bytes)) {
        yield lines.map(({ number, bytes }) => {
          const decoded = decodeBaselineRow(
            { origin: { source: "file", topic, partition: 0, offset: String(number) }, bytes, timestamp: null },
            context,
          );
          if (decoded.ok) return decoded.row;
          throw new SourceError(
            `${file}:${number}: ${decoded.message}`,
            `A row of a baseline is a prediction event of model ${model.name} that may carry its label; see docs/events.md.`,
          );
        });
      }
    },
  };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw describe(file, error);
  }
  return hash.digest("hex");
}
