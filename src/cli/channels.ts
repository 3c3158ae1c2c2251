import { createHash } from "node:crypto";
import { didYouMean } from "../model/did-you-mean.ts";
import type { Notification, Transition } from "../model/alert.ts";
import type { Channel } from "../model/settings.ts";
import { formatDuration, HOUR, type Millis } from "../model/time.ts";
import { createCall } from "../notify/guarded-call.ts";
import { createNotifiers } from "../notify/notifier.ts";
import { createSignedPost } from "../notify/signed-post.ts";
import { action, actionOn, jsonOption, newCommand, note, type Cli, type Global } from "./command.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { loadSettings } from "./settings.ts";
import { formatTable } from "./table.ts";
import { jsonLines, NOTHING } from "./text.ts";

export function channelsCommand(cli: Cli) {
  return newCommand("channels", "who is told of alerts, and whether they can be reached", ["channels", "channels test ops"])
    .enablePositionalOptions()
    .addOption(jsonOption())
    .action(
      action(cli, (options: { json?: boolean } & Global) => {
        const { config } = loadSettings(cli.io, options.config);
        const items = [...config.channels.values()].map((channel) => ({
          name: channel.name,
          type: channel.type,
          repeat_every: channel.repeatEvery === null ? null : formatDuration(channel.repeatEvery),
          rules: config.rules.filter((rule) => rule.notify.includes(channel.name)).map((rule) => rule.name),
        }));
        if (options.json) cli.io.stdout.write(jsonLines(items));
        else if (items.length === 0) note(cli.io, "No channel is configured: nobody is told of alerts. Add one under `channels`.");
        else
          cli.io.stdout.write(
            formatTable(
              [{ title: "channel" }, { title: "type" }, { title: "told again" }, { title: "rules", flexible: true }],
              items.map((item) => [item.name, item.type, item.repeat_every ?? NOTHING, item.rules.join(", ") || NOTHING]),
              cli.io.stdout.columns,
            ),
          );
        return 0;
      }),
    )
    .addCommand(testCommand(cli));
}

function testCommand(cli: Cli) {
  return newCommand("test", "send one notification through a channel, as an alert would", ["channels test ops"])
    .argument("<name>", "of the channel")
    .action(actionOn(cli, (name, options: Global) => testChannel(cli.io, name, options.config)));
}

async function testChannel(io: Io, name: string, file: string | undefined): Promise<number> {
  const { config } = loadSettings(io, file);
  const channel = config.channels.get(name);
  if (!channel) throw unknownChannel(name, config.channels);
  const call = createCall(config.outgoing);
  const notify = createNotifiers(new Map([[name, channel]]), { call, post: createSignedPost(call) }).get(name);
  const { publicUrl } = config.http;
  const model = [...config.models.keys()][0] ?? "example";
  const link = publicUrl === null ? null : `${publicUrl}/models/${encodeURIComponent(model)}`;
  const outcome = await notify?.(testNotification(name, model, link, io.now()));
  if (outcome?.outcome === "sent") {
    io.stdout.write(`Sent to ${name} (${channel.type}): ${outcome.detail}.\n`);
    return 0;
  }
  throw new CliFailure(
    `${name} (${channel.type}) did not take it: ${outcome?.detail ?? "unknown"}.`,
    "Put its settings right, and try again.",
    1,
  );
}

function unknownChannel(name: string, channels: ReadonlyMap<string, Channel>): CliFailure {
  const names = [...channels.keys()];
  const near = didYouMean(name, names);
  const hint = near !== null ? `Did you mean ${near}?` : names.length > 0 ? `It has: ${names.join(", ")}.` : "Add one under `channels`.";
  return new CliFailure(`The configuration has no channel named ${name}.`, hint, 2);
}

/** What a channel is sent for a test: made up, and it says so. */
function testNotification(channel: string, model: string, link: string | null, now: Millis): Notification {
  const window = { from: now - HOUR, to: now };
  const id = createHash("sha256")
    .update(JSON.stringify(["test", channel, now]))
    .digest("hex");
  const transition: Transition = {
    id,
    alertId: id,
    key: { rule: "channels-test", model, version: "test", segment: null, subject: "test" },
    from: "normal",
    to: "firing",
    severity: "info",
    window,
    since: window.from,
    ruleHash: "",
    summary: "This is a test: nothing has happened. An alert would say here what moved, by how much, how sure that is, and since when.",
    explanation: {
      metric: "psi",
      baseline: null,
      value: null,
      expected: null,
      threshold: 0,
      pValue: null,
      adjustedPValue: null,
      subjectsTested: 1,
      evidence: null,
      rows: { reference: 0, current: 0 },
      labelled: null,
      ci: null,
      detail: {
        bins: [
          { bin: "made up", reference: 0.2, current: 0.5, contribution: 0 },
          { bin: "made up too", reference: 0.8, current: 0.5, contribution: 0 },
        ],
      },
      likely: null,
      kind: null,
      alongside: [],
      query: null,
      hints: ["driftwatch alerts"],
    },
    notify: [channel],
    retrain: false,
    createdAt: now,
  };
  return {
    id,
    channel,
    model,
    reason: "test",
    transitions: [transition],
    firing: [transition],
    acknowledged: new Map(),
    note: null,
    link,
    at: now,
  };
}
