import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { Option } from "commander";
import type { RetrainInFull, RetrainingItem, RetrainItem } from "../api/retrain-json.ts";
import { RETRAIN_STATES } from "../model/retraining.ts";
import { formatDuration, MINUTE } from "../model/time.ts";
import { action, jsonOption, limitOption, modelOption, newCommand, note, withConnection, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "./io.ts";
import { showList } from "./list.ts";
import { person } from "./person.ts";
import { ask, askItems, askJson, first, pathWith, type Params } from "./request.ts";
import { chooseModel, loadSettings } from "./settings.ts";
import { formatTable } from "./table.ts";
import { countOf, jsonLines, NOTHING, printableLines, safeJson, timeText } from "./text.ts";

type Options = Global & { readonly model?: string; readonly json?: boolean; readonly reason?: string };

/** Everything about retraining that a person does from a shell. */
export function retrainCommand(cli: Cli) {
  const list = newCommand("list", "what was asked for, and why it was started or refused", [
    "retrain list --model flight-delay --state refused",
  ])
    .option("-m, --model <name>", "of one model only")
    .addOption(new Option("--state <state>", "only runs in this state").choices(RETRAIN_STATES))
    .addOption(limitOption(50))
    .addOption(jsonOption())
    .action(
      action(cli, (options: Options & { state?: string; limit: number }) =>
        connected(cli.io, options, (connection) => listRuns(cli.io, connection, options)),
      ),
    );
  const show = newCommand("show", "one run: what it was decided by, every step, and what it led to", ["retrain show 3f9a1c"])
    .argument("<run>", "its id, or the beginning of it")
    .addOption(jsonOption("JSON instead of text"))
    .action(async (id: string, _: unknown, command: Command) => {
      const options: Options = command.optsWithGlobals();
      cli.finish(await connected(cli.io, options, async (connection) => showRun(cli.io, await runInFull(connection, id), options)));
    });
  const status = newCommand("status", "how each model is retrained, whether that is stopped, and which version serves", ["retrain status"])
    .addOption(jsonOption())
    .action(action(cli, (options: Options) => connected(cli.io, options, (connection) => showStatus(cli.io, connection, options))));
  const trigger = newCommand("trigger", "ask for a retraining, which is decided as for an alert", [
    "retrain trigger --model flight-delay --reason 'the feed is mended'",
    "retrain trigger --model flight-delay --force --key ticket-4711",
  ])
    .addOption(modelOption())
    .option("--version <version>", "the version to replace (default: the one seen last)")
    .option("--reason <text>", "why, for the record")
    .option("--force", "without regard to cooldown, budget, circuit, labels and the state of the data")
    .option("--key <text>", "the same key asked twice is one run (default: a new one)")
    .addOption(jsonOption("JSON instead of text"))
    .action(
      action(cli, (options: Options & { version?: string; force?: boolean; key?: string }) =>
        connected(cli.io, options, (connection, config) =>
          act(cli.io, connection, options, "/v1/retrains", {
            model: chooseModel(config, options.model).name,
            version: options.version,
            key: options.key ?? randomUUID(),
            reason: options.reason,
            force: options.force === true ? "true" : undefined,
            client: "cli",
          }),
        ),
      ),
    );
  const approve = onRun(cli, "approve", "let a run start that waits for approval");
  const cancel = onRun(cli, "cancel", "end a run, and stop its job where that is possible").option(
    "--reason <text>",
    "why, for the record",
  );
  const swap = onRun(cli, "swap", "close the alerts of the version that was replaced, where that is offered");
  return newCommand("retrain", "retraining: what was decided and why, and the say of people in it", [
    "retrain list",
    "retrain stop --reason 'a freeze'",
  ])
    .addCommand(list)
    .addCommand(show)
    .addCommand(status)
    .addCommand(trigger)
    .addCommand(approve)
    .addCommand(cancel)
    .addCommand(swap)
    .addCommand(switchCommand(cli, "stop", "start nothing more, until it is resumed; jobs that run are left alone"))
    .addCommand(switchCommand(cli, "resume", "let it go on, and forget the failures so far"));
}

function connected<Result>(
  io: Io,
  options: Options,
  use: (connection: Connection, config: ReturnType<typeof loadSettings>["config"]) => Promise<Result>,
): Promise<Result> {
  const { config } = loadSettings(io, options.config);
  if (options.model !== undefined) chooseModel(config, options.model);
  return withConnection(io, config, (connection) => use(connection, config));
}

function onRun(cli: Cli, name: "approve" | "cancel" | "swap", summary: string): Command {
  return newCommand(name, summary, [`retrain ${name} 3f9a1c`])
    .argument("<run>", "its id, or the beginning of it")
    .addOption(jsonOption("JSON instead of text"))
    .action(async (id: string, _: unknown, command: Command) => {
      const options: Options = command.optsWithGlobals();
      cli.finish(
        await connected(cli.io, options, async (connection) => {
          const run = await runInFull(connection, id);
          return act(cli.io, connection, options, `/v1/retrains/${encodeURIComponent(run.id)}/${name}`, { reason: options.reason });
        }),
      );
    });
}

function switchCommand(cli: Cli, name: "stop" | "resume", summary: string): Command {
  return newCommand(name, summary, [`retrain ${name}`, `retrain ${name} --model flight-delay`])
    .option("-m, --model <name>", "of one model only")
    .option("--reason <text>", "why, for the record")
    .action(
      action(cli, (options: Options) =>
        connected(cli.io, options, async (connection) => {
          await ask(connection, pathWith(`/v1/retraining/${name}`, { model: options.model, reason: options.reason, by: person(cli.io) }), {
            method: "POST",
          });
          note(cli.io, `Retraining of ${options.model ?? "all models"} ${name === "stop" ? "is stopped" : "goes on"}.`);
          return 0;
        }),
      ),
    );
}

async function act(io: Io, connection: Connection, { json }: Options, path: string, params: Params): Promise<number> {
  const answer = await ask(connection, pathWith(path, { by: person(io), ...params }), { method: "POST" });
  const run = (await answer.json()) as RetrainItem;
  if (json) io.stdout.write(`${safeJson(run)}\n`);
  else io.stdout.write(`${printableLines([run.id, `${run.state}: ${run.reason}`, ...waitLines(run)].join("\n"))}\n`);
  if (run.state === "requested" && connection.kind === "in-process") note(io, "The daemon starts it: driftwatch run");
  // Whoever asks in a script wants to know.
  return run.state === "refused" || run.state === "failed" ? 1 : 0;
}

/** A run by its id or, as people write it, by the beginning of it. */
async function runInFull(connection: Connection, id: string): Promise<RetrainInFull> {
  let full = id;
  if (id.length < 64) {
    const { items } = await first(2, matching(connection, id));
    if (items.length === 1) full = items[0]?.id ?? id;
  }
  return askJson<RetrainInFull>(connection, `/v1/retrains/${encodeURIComponent(full)}`);
}

async function* matching(connection: Connection, beginning: string): AsyncGenerator<RetrainItem> {
  for await (const run of askItems<RetrainItem>(connection, "/v1/retrains", {})) if (run.id.startsWith(beginning)) yield run;
}

async function listRuns(io: Io, connection: Connection, options: Options & { state?: string; limit: number }): Promise<number> {
  const { model, state } = options;
  await showList(io, options, askItems<RetrainItem>(connection, "/v1/retrains", { model, state }), {
    empty: "No retraining was asked for.",
    columns: [
      { title: "run" },
      { title: "at" },
      { title: "model" },
      { title: "version" },
      { title: "asked by" },
      { title: "state" },
      { title: "reason", flexible: true },
    ],
    row: (run) => [
      run.id.slice(0, 12),
      timeText(run.at),
      run.model,
      run.version,
      run.rule || run.requested_by || run.trigger,
      run.verdict ?? run.state,
      run.reason,
    ],
  });
  return 0;
}

function showRun(io: Io, run: RetrainInFull, { json }: Options): number {
  if (json) {
    io.stdout.write(`${safeJson(run)}\n`);
    return 0;
  }
  const lines = [
    run.id,
    `${run.verdict ?? run.state}: ${run.reason}`,
    ...waitLines(run),
    `model ${run.model}, version ${run.version}${run.new_version === null ? "" : `, new version ${run.new_version}`}`,
    `asked by ${run.rule || run.requested_by || run.trigger} at ${run.at}; settings ${run.config_hash}`,
    ...(run.external_id === "" ? [] : [`${run.launcher}: ${run.external_url || run.external_id}`]),
    ...(run.facts === null ? [] : [`decided by ${factWords(run.facts)}`]),
    ...run.steps.map((step) => `  ${timeText(step.at)}  ${step.state}  ${step.detail}${step.by === "" ? "" : ` (${step.by})`}`),
    ...(run.swap === "offered" && run.swap_advice ? swapLines(run.id, run.swap_advice) : []),
  ];
  io.stdout.write(`${printableLines(lines.join("\n"))}\n`);
  return 0;
}

/** What the decision rests on, in words; whatever else a daemon of another release keeps is in `--json`. */
function factWords(facts: NonNullable<RetrainInFull["facts"]>): string {
  const amount = (name: string) => (typeof facts[name] === "number" ? facts[name] : 0);
  const broken = Array.isArray(facts["broken"]) ? facts["broken"].map(String) : [];
  const minutes = (time: number) => formatDuration(Math.max(0, Math.round(time / MINUTE)) * MINUTE);
  return [
    `${countOf(amount("new_labels"), "new label")} since the run before`,
    `${countOf(amount("runs_within_day"), "run")} within a day`,
    `${countOf(amount("failures_in_a_row"), "failure")} in a row`,
    ...(typeof facts["behind"] === "number"
      ? [`events behind by ${minutes(facts["behind"])} (at most ${minutes(amount("may_be_behind"))})`]
      : []),
    broken.length === 0 ? "no broken data" : `broken data: ${broken.join(", ")}`,
  ].join(", ");
}

/** What to type where a person is waited for. */
function waitLines({ id, state }: RetrainItem): string[] {
  return state === "waiting_for_approval" ? [`waits until somebody agrees: driftwatch retrain approve ${id.slice(0, 12)}`] : [];
}

function swapLines(id: string, { why, command, yaml }: NonNullable<RetrainInFull["swap_advice"]>): string[] {
  return [
    `A swap of baselines is offered. ${why}`,
    ...(command === null ? [] : [`  1. rows of its own:    ${command}`]),
    ...(yaml === null ? [] : [`  2. in the model:       ${yaml}, beside the versions that are there; then restart`]),
    `  then close the alerts: driftwatch retrain swap ${id.slice(0, 12)}`,
  ];
}

async function showStatus(io: Io, connection: Connection, { json }: Options): Promise<number> {
  const { items } = await askJson<{ items: RetrainingItem[] }>(connection, "/v1/retraining");
  if (json) io.stdout.write(jsonLines(items));
  else
    io.stdout.write(
      formatTable(
        [{ title: "model" }, { title: "by" }, { title: "starts" }, { title: "champion" }, { title: "stopped", flexible: true }],
        items.map(({ model, launcher, dry_run, approval, champion, stopped }) => [
          model,
          launcher ?? NOTHING,
          launcher === null ? NOTHING : dry_run === true ? "dry run" : approval === true ? "with approval" : "yes",
          champion?.version ?? NOTHING,
          stopped === null ? "no" : `by ${stopped.by}, ${stopped.at}: ${stopped.reason}`,
        ]),
        io.stdout.columns,
      ),
    );
  return 0;
}
