import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { Argument, Option, type Command } from "commander";
import { number } from "../alerting/words.ts";
import type { App } from "../app.ts";
import { createFileSource, type FileSource } from "../ingest/file-source.ts";
import { describe } from "../ingest/lines.ts";
import type { Message } from "../ingest/source.ts";
import type { Config } from "../model/settings.ts";
import { newCommand, jsonOption, note, withConnection, type Cli } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "./io.ts";
import { CliFailure } from "./failure.ts";
import { postEvents } from "./post-events.ts";
import { createProgress, megabytes } from "./progress.ts";
import { createRejections, rejectionTable, type Rejections } from "./rejections.ts";
import { loadSettings } from "./settings.ts";
import { countOf, safeJson } from "./text.ts";

type IngestOptions = { readonly order: "given" | "time"; readonly json?: boolean; readonly failOn?: "rejected"; readonly adapter?: string };

export function ingestCommand(cli: Cli) {
  return newCommand("ingest", "take events from files of JSON lines, gzip or not; reading a file twice is harmless", [
    "ingest predictions.ndjson.gz labels.ndjson.gz --order time",
  ])
    .addArgument(new Argument("<file...>", "files of events"))
    .addOption(
      new Option("--order <order>", "one file after the other, or merged by event time").choices(["given", "time"]).default("given"),
    )
    .addOption(new Option("--adapter <name>", "the adapter of the configuration that makes events of the lines"))
    .addOption(jsonOption("the totals as JSON"))
    .addOption(new Option("--fail-on <what>", "exit with 1 when an event is rejected").choices(["rejected"]))
    .action(async (files: string[], _: unknown, command: Command) => {
      const options: IngestOptions & { config?: string } = command.optsWithGlobals();
      // Before the store is opened, or even made: a mistyped name should cost nothing.
      for (const file of files) await stat(file).catch((error: unknown) => Promise.reject(describe(file, error)));
      const { config } = loadSettings(cli.io, options.config);
      checkAdapter(config, options.adapter);
      cli.finish(await withConnection(cli.io, config, (connection) => ingestFiles(cli.io, connection, files, options)));
    });
}

/** Lines of files have no headers, so they are no CloudEvents. */
export function checkAdapter({ adapters }: Config, name: string | undefined): void {
  const known = [...adapters.values()].filter(({ type }) => type === "mapped").map((adapter) => adapter.name);
  if (name === undefined || known.includes(name)) return;
  const hint = known.length === 0 ? "Define it under `adapters` of the configuration." : `There are: ${known.join(", ")}.`;
  throw new CliFailure(`There is no adapter ${name} of type mapped.`, hint, 2);
}

async function ingestFiles(io: Io, connection: Connection, files: readonly string[], options: IngestOptions): Promise<number> {
  const names = new Map(files.map((file) => [basename(file), file]));
  const rejections = createRejections((topic) => names.get(topic) ?? topic);
  const progress = createProgress(io, megabytes);
  const startedAt = io.now();
  let accepted = 0;
  const take = async (messages: readonly Message[]): Promise<void> => {
    const result = connection.app
      ? await connection.app.pipeline.ingest(messages)
      : await postEvents(connection, messages, options.adapter);
    accepted += result.accepted;
    for (const { index, reason, message } of result.rejected) rejections.add(messages[index]?.origin, reason, message);
  };
  const source = createFileSource({
    files,
    order: options.order,
    onProgress: ({ file, bytes, totalBytes }) => progress.update({ of: file, done: bytes, total: totalBytes }),
    ...(options.adapter === undefined ? {} : { adapter: options.adapter }),
  });
  try {
    await read(source, take, connection.app, io);
  } catch (error) {
    progress.stop();
    if (accepted > 0)
      note(io, `${countOf(accepted, "event")} came in before this stopped; they are stored, and taking them again is harmless.`);
    throw error;
  }
  progress.stop();
  const measured = connection.app ? await measure(io, connection.app) : null;
  const seconds = (io.now() - startedAt) / 1_000;
  io.stdout.write(
    options.json
      ? totalsJson(accepted, rejections, seconds, measured)
      : totalsText(accepted, rejections, seconds, measured, io.stdout.columns),
  );
  if (measured && measured.measurements > 0)
    note(io, "`driftwatch drift`, `driftwatch performance` and `driftwatch alerts` show what came of it.");
  if (!connection.app) note(io, `The daemon at ${connection.where} measures windows as they close.`);
  return options.failOn === "rejected" && rejections.total() > 0 ? 1 : 0;
}

async function read(source: FileSource, take: (messages: readonly Message[]) => Promise<void>, app: App | null, io: Io): Promise<void> {
  await source.start(async (messages, { key, drained }) => {
    if (messages.length > 0) await take(messages);
    app?.watermarks.progress(key, drained, io.now());
  });
  await source.done;
}

type Measured = { readonly windows: number; readonly measurements: number };

/** The files are the whole input: what ended with them can be measured now. */
async function measure(io: Io, app: App): Promise<Measured> {
  note(io, "Counting and measuring…");
  app.watermarks.finish();
  const { windowsMeasured, measurements } = await app.tick();
  return { windows: windowsMeasured, measurements };
}

function totalsJson(accepted: number, rejections: Rejections, seconds: number, measured: Measured | null): string {
  return `${safeJson({ accepted, rejected: rejections.total(), reasons: rejections.byReason(), seconds, measured })}\n`;
}

function totalsText(accepted: number, rejections: Rejections, seconds: number, measured: Measured | null, width: number | null): string {
  const lines = [`${countOf(accepted, "event")} taken, ${rejections.total().toLocaleString("en-US")} rejected, in ${number(seconds)} s.`];
  if (measured)
    lines.push(`${countOf(measured.windows, "window")} measured, ${countOf(measured.measurements, "measurement")} new or changed.`);
  return `${lines.join("\n")}\n${rejections.total() > 0 ? `\n${rejectionTable(rejections, width)}` : ""}`;
}
