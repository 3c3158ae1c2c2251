import { stat } from "node:fs/promises";
import { Argument, Option, type Command } from "commander";
import { describe } from "../ingest/lines.ts";
import { formatTime } from "../model/time.ts";
import { jsonOption, newCommand, note, commandLog, withConnection, type Cli } from "./command.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { checkAdapter } from "./ingest.ts";
import { createProgress, megabytes, type Progress } from "./progress.ts";
import { loadSettings } from "./settings.ts";
import { figure, formatTable } from "./table.ts";
import { countOf, safeJson } from "./text.ts";
import type { Line, Trouble } from "./verify/tally.ts";
import { verify, type OnProgress, type Verified } from "./verify/verify.ts";

/** Wrong counts that are named. */
const NAMED = 20;

export function verifyCommand(cli: Cli) {
  return newCommand(
    "verify",
    "hold every event that was produced against what is stored and counted; exit 1 when one is not accounted for",
    ["verify", "verify predictions.ndjson.gz labels.ndjson.gz --json"],
  )
    .addArgument(new Argument("[file...]", "files of events; the Kafka topics of the configuration when none is given"))
    .addOption(new Option("--adapter <name>", "the adapter of the configuration that makes events of the lines"))
    .addOption(jsonOption("everything as one JSON object"))
    .action(async (files: string[], _: unknown, command: Command) => {
      const options: { config?: string; json?: boolean; adapter?: string } = command.optsWithGlobals();
      for (const file of files) await stat(file).catch((error: unknown) => Promise.reject(describe(file, error)));
      const { config } = loadSettings(cli.io, options.config);
      if (files.length === 0 && config.kafka === null)
        throw new CliFailure("There is nothing to verify against.", "Name files of events, or configure `kafka:`.", 2);
      checkAdapter(config, options.adapter);
      const meter = createMeter(cli.io);
      const verified = await withConnection(cli.io, config, (connection) =>
        verify({
          config,
          connection,
          produced: files.length === 0 ? { kind: "kafka" } : { kind: "file", files, adapter: options.adapter },
          log: commandLog(cli.io),
          now: cli.io.now,
          onProgress: meter.update,
        }).finally(meter.stop),
      );
      cli.io.stdout.write(options.json ? `${safeJson(verifiedJson(verified), 2)}\n` : verifiedText(verified, cli.io.stdout.columns));
      if (!options.json) note(cli.io, `${halvesText(verified)}${verdict(verified)}`);
      cli.finish(isAccounted(verified) ? 0 : 1);
    });
}

/** One bar for what is read, then one for each model's rows. */
function createMeter(io: Io): { update: OnProgress; stop(): void } {
  let present: { readonly what: string; readonly bar: Progress } | null = null;
  return {
    update({ of, done, total, unit }) {
      const what = unit === "rows" ? `rows ${of}` : unit;
      if (present?.what !== what) {
        present?.bar.stop();
        const amount = unit === "bytes" ? megabytes : (count: number) => `${count.toLocaleString("en-US")} ${unit}`;
        present = { what, bar: createProgress(io, amount) };
      }
      present.bar.update({ of, done, total });
    },
    stop: () => present?.bar.stop(),
  };
}

function isAccounted({ tally, models }: Verified): boolean {
  return tally.total("lost") === 0 && tally.total("doubled") === 0 && models.every((model) => model.miscounts.length === 0);
}

function verifiedJson(verified: Verified) {
  const { streams, tally, models } = verified;
  return {
    accounted: isAccounted(verified),
    lost: tally.total("lost"),
    doubled: tally.total("doubled"),
    in_flight: tally.total("inFlight"),
    sources: streams.map(({ name, read, ignored, halves }, stream) => ({
      name,
      read,
      ignored,
      halves,
      refused: snake(tally.unreadable(stream)),
      reasons: Object.fromEntries(tally.rejected(stream)),
      events: tally.lines().flatMap((line) => (line.stream === stream ? [lineJson(line)] : [])),
    })),
    elsewhere: tally.lines().flatMap((line) => (line.stream === null ? [lineJson(line)] : [])),
    models: models.map((model) => ({
      model: model.name,
      buckets: model.buckets,
      due: model.due,
      miscounts: model.miscounts.map(({ bucket, ...rest }) => ({ bucket: formatTime(bucket), ...rest })),
    })),
    troubles: tally.troubles().map(({ place, ...trouble }) => ({ ...trouble, at: place === null ? null : placeText(verified, place) })),
  };
}

function lineJson(line: Line) {
  const counts = COUNTS.map((count) => [count === "inFlight" ? "in_flight" : count, line[count]] as const);
  return { model: line.model, type: line.type, ...Object.fromEntries(counts) };
}

function snake({ inFlight, ...rest }: { readonly rejected: number; readonly inFlight: number; readonly lost: number }) {
  return { ...rest, in_flight: inFlight };
}

const COUNTS = ["read", "stored", "repeated", "superseded", "rejected", "waiting", "unlabelled", "inFlight", "lost", "doubled"] as const;

function verifiedText(verified: Verified, width: number | null): string {
  const { streams, tally } = verified;
  const number = (count: number): string => count.toLocaleString("en-US");
  const rows = tally
    .lines()
    .map((line) => [
      line.stream === null ? "elsewhere" : (streams[line.stream]?.name ?? ""),
      line.model,
      `${line.type}s`,
      ...COUNTS.map((count) => number(line[count])),
    ]);
  for (const [stream, { name }] of streams.entries()) {
    const { rejected, inFlight, lost } = tally.unreadable(stream);
    const count = { read: rejected + inFlight + lost, rejected, inFlight, lost } as const;
    if (count.read > 0)
      rows.push([name, "", "no events", ...COUNTS.map((one) => number(one in count ? count[one as keyof typeof count] : 0))]);
  }
  const titles = COUNTS.map((title) => figure(title === "inFlight" ? "in flight" : title));
  const table = formatTable([{ title: "from" }, { title: "model" }, { title: "events" }, ...titles], rows, width);
  const reasons = streams.flatMap(({ name }, stream) =>
    [...tally.rejected(stream)].map(([reason, count]) => [name, reason, number(count)]),
  );
  for (const { name, ignored } of streams) if (ignored > 0) reasons.push([name, "(no event, and none expected)", number(ignored)]);
  const refused =
    reasons.length === 0 ? "" : `\n${formatTable([{ title: "from" }, { title: "not taken because" }, figure("events")], reasons, width)}`;
  return `${table}${refused}${troubleText(verified, width)}`;
}

function troubleText(verified: Verified, width: number | null): string {
  const named = verified.tally
    .troubles()
    .map((trouble) => [trouble.what, trouble.model ?? "", trouble.place === null ? "" : placeText(verified, trouble.place), trouble.note]);
  const counts = verified.models.flatMap(({ name, miscounts }) =>
    miscounts
      .slice(0, NAMED)
      .map(({ bucket, what, counted, rows }) => [
        "miscounted",
        name,
        formatTime(bucket),
        `${what}: ${counted.toLocaleString("en-US")} counted, ${rows.toLocaleString("en-US")} by the rows`,
      ]),
  );
  const all = [...named, ...counts];
  if (all.length === 0) return "";
  return `\n${formatTable([{ title: "what" }, { title: "model" }, { title: "where" }, { title: "why", flexible: true }], all, width)}`;
}

function placeText({ streams }: Verified, { stream, partition, offset }: NonNullable<Trouble["place"]>): string {
  return `${streams[stream]?.name ?? ""}/${partition}@${offset}`;
}

/** What was read and cannot be followed. */
function halvesText({ streams }: Verified): string {
  const halves = streams.reduce((sum, one) => sum + one.halves, 0);
  return halves === 0
    ? ""
    : `${countOf(halves, "message")} are half of a prediction each: what they make is not verified, and counts as from elsewhere.\n`;
}

function verdict(verified: Verified): string {
  const { tally, models } = verified;
  const inFlight = tally.total("inFlight");
  const due = models.reduce((sum, model) => sum + model.due, 0);
  const later = [
    ...(inFlight > 0 ? [`${countOf(inFlight, "event")} in flight`] : []),
    ...(due > 0 ? [`${countOf(due, "bucket")} still to be counted`] : []),
  ].join(" and ");
  if (isAccounted(verified))
    return `Every event is accounted for${later === "" ? "" : `, with ${later}: a daemon that runs takes care of them`}.`;
  const wrong = models.reduce((sum, model) => sum + model.miscounts.length, 0);
  const parts = [
    ...(tally.total("lost") > 0 ? [`${countOf(tally.total("lost"), "event")} lost`] : []),
    ...(tally.total("doubled") > 0 ? [`${countOf(tally.total("doubled"), "prediction")} doubled`] : []),
    ...(wrong > 0 ? [`${countOf(wrong, "count")} not those of the stored rows`] : []),
  ];
  return `${parts.join(", ")}.\n  hint: what is lost and still in its topic or file can be taken again: \`driftwatch ingest FILE\`, or set the group back; taking an event twice is harmless.`;
}
