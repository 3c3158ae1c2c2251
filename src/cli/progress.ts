import { SingleBar } from "cli-progress";
import { printable } from "../alerting/words.ts";
import { SECOND } from "../model/time.ts";
import type { Io } from "./io.ts";

const LINE_EVERY = 5 * SECOND;

/** How much of it is done, of a file for example. */
type Step = { readonly of: string; readonly done: number; readonly total: number };
export type Progress = { update(step: Step): void; stop(): void };

/** How far something has come: a bar on a terminal, else a line every few seconds. `amount` says a number with its unit. */
export function createProgress(io: Io, amount: (total: number) => string): Progress {
  return io.stderr.terminal ? progressBar(io.stderr.terminal, amount) : progressLines(io, amount);
}

function progressBar(stream: NodeJS.WritableStream, amount: (total: number) => string): Progress {
  const bar = new SingleBar({
    stream,
    format: "{bar} {percentage}% of {size}, {eta_formatted} left, {of}",
    hideCursor: true,
    barsize: 30,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
  });
  let started = false;
  return {
    update({ of, done, total }) {
      const payload = { size: amount(total), of: printable(of, 40) };
      if (!started) bar.start(total, done, payload);
      else bar.update(done, payload);
      started = true;
    },
    stop: () => bar.stop(),
  };
}

function progressLines(io: Io, amount: (total: number) => string): Progress {
  let toldAt = io.now();
  return {
    update({ of, done, total }) {
      if (io.now() - toldAt < LINE_EVERY) return;
      toldAt = io.now();
      io.stderr.write(`${Math.floor((done / Math.max(1, total)) * 100)}% of ${amount(total)} read, ${printable(of)}\n`);
    },
    stop: () => {},
  };
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
