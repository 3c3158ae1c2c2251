import { SingleBar } from "cli-progress";
import { printable } from "../alerting/words.ts";
import type { FileProgress } from "../ingest/file-source.ts";
import { SECOND } from "../model/time.ts";
import type { Io } from "./io.ts";

const LINE_EVERY = 5 * SECOND;

type Progress = { update(progress: FileProgress): void; stop(): void };

/** How far the reading has come, in bytes: a bar on a terminal, else a line every few seconds. */
export function createProgress(io: Io): Progress {
  return io.stderr.terminal ? progressBar(io.stderr.terminal) : progressLines(io);
}

function progressBar(stream: NodeJS.WritableStream): Progress {
  const bar = new SingleBar({
    stream,
    format: "{bar} {percentage}% of {size}, {eta_formatted} left, {file}",
    hideCursor: true,
    barsize: 30,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
  });
  let started = false;
  return {
    update({ file, bytes, totalBytes }) {
      const payload = { size: megabytes(totalBytes), file: printable(file, 40) };
      if (!started) bar.start(totalBytes, bytes, payload);
      else bar.update(bytes, payload);
      started = true;
    },
    stop: () => bar.stop(),
  };
}

function progressLines(io: Io): Progress {
  let toldAt = io.now();
  return {
    update({ file, bytes, totalBytes }) {
      if (io.now() - toldAt < LINE_EVERY) return;
      toldAt = io.now();
      io.stderr.write(`${Math.floor((bytes / Math.max(1, totalBytes)) * 100)}% of ${megabytes(totalBytes)} read, ${printable(file)}\n`);
    },
    stop: () => {},
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
