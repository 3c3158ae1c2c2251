import cliProgress from "cli-progress";
import type { Millis } from "../model/time.ts";

/** A progress line on stderr: a bar on a terminal, a line a month elsewhere; what is said stands above it. */
export type Progress = {
  say(text: string): void;
  read(bytes: number): void;
  at(day: Millis, events: number): void;
  done(): void;
};

export function createProgress(totalBytes: number): Progress {
  const terminal = process.stderr.isTTY;
  const bar = terminal
    ? new cliProgress.MultiBar({
        format: "{day} {bar} {percentage} %  {events} events",
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
      })
    : null;
  const line = bar?.create(totalBytes, 0, { day: "           ", events: 0 }) ?? null;
  let bytes = 0;
  let month = "";
  return {
    say(text) {
      if (bar) bar.log(`${text}\n`);
      else process.stderr.write(`${text}\n`);
    },
    read(more) {
      bytes += more;
      line?.update(Math.min(bytes, totalBytes));
    },
    at(day, events) {
      const text = new Date(day).toISOString().slice(0, 10);
      line?.update({ day: text, events: events.toLocaleString("en-GB") });
      if (!terminal && text.slice(0, 7) !== month) {
        month = text.slice(0, 7);
        process.stderr.write(`… ${month}, ${events.toLocaleString("en-GB")} events so far\n`);
      }
    },
    done() {
      bar?.stop();
    },
  };
}
