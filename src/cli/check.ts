import { SourceError } from "../ingest/source.ts";
import { openTable } from "../ingest/tables/rows.ts";
import { baselineFiles } from "../monitor/baselines.ts";
import { named } from "../alerting/words.ts";
import { formatProblems } from "../config/problem.ts";
import { appliesTo } from "../config/why-not-applicable.ts";
import { metricFamily } from "../model/metric.ts";
import { leadMetric } from "../model/performance.ts";
import type { BaselineSettings, Channel, Config, KafkaTopic } from "../model/settings.ts";
import type { Rule } from "../model/rule.ts";
import { formatDuration, formatTime } from "../model/time.ts";
import { action, jsonOption, newCommand, note, type Cli, type Global } from "./command.ts";
import { CliFailure } from "./failure.ts";
import { loadSettings } from "./settings.ts";
import { formatTable } from "./table.ts";
import { countOf, NOTHING, printableLines, safeJson } from "./text.ts";

export function checkCommand(cli: Cli) {
  return newCommand("check", "say what is wrong with the configuration and its rules, or what it amounts to", [
    "check --config production.yaml",
  ])
    .addOption(jsonOption("the summary as JSON"))
    .action(
      action(cli, async (options: { json?: boolean } & Global) => {
        const { config, warnings } = loadSettings(cli.io, options.config);
        await checkTables(config);
        cli.io.stdout.write(
          options.json ? `${safeJson({ ...summary(config), warnings })}\n` : summaryText(config, cli.io.stdout.columns, warnings.length),
        );
        if (warnings.length > 0) note(cli.io, `${countOf(warnings.length, "warning")}:\n${formatProblems(warnings)}`);
        return 0;
      }),
    );
}

/** The columns that baselines name are there; whether every row is right is seen when they are loaded. */
async function checkTables(config: Config): Promise<void> {
  for (const model of config.models.values()) {
    for (const baseline of model.baselines) {
      for (const { file, table } of baselineFiles(baseline)) {
        try {
          if (table) await openTable(file, table);
        } catch (error) {
          if (!(error instanceof SourceError)) throw error;
          throw new CliFailure(`models.${model.name}.baselines.${baseline.name}: ${error.message}`, error.hint, 2);
        }
      }
    }
  }
}

/** What a configuration amounts to, without secrets: of a URL that may hold one, only where it leads. */
function summary(config: Config) {
  return {
    file: config.file,
    clock: config.clock,
    store:
      config.store.kind === "embedded"
        ? `embedded in ${config.store.path}`
        : `${placeOf(config.store.url)}, database ${config.store.database}`,
    kafka: config.kafka
      ? `${config.kafka.brokers.join(", ")}, group ${config.kafka.group}, topics ${config.kafka.topics.map(topicText).join(" and ")}`
      : null,
    http: `${config.http.host}:${config.http.port}, ${config.http.tokens.length === 0 ? "no tokens" : countOf(config.http.tokens.length, "token")}`,
    models: [...config.models.values()].map((model) => ({
      name: model.name,
      task: model.task,
      positive: model.positive,
      bucket: formatDuration(model.bucket),
      baselines: model.baselines.map(baselineText),
      constraints: model.constraints?.length ?? 0,
      retraining: retrainingText(config, model.name),
    })),
    rules: config.rules.map((rule) => ({
      name: rule.name,
      metric: rule.measure.metric,
      baseline: rule.measure.baseline,
      window: formatDuration(rule.measure.window),
      severity: rule.severity,
      models: modelsOf(rule, config),
      notify: rule.notify,
      retrain: rule.retrain,
    })),
    channels: [...config.channels.values()].map((channel) => ({ name: channel.name, type: channel.type, to: channelText(channel) })),
  };
}

function summaryText(config: Config, width: number | null, warned: number): string {
  const { models, rules, channels, ...rest } = summary(config);
  const facts = Object.entries(rest).map(([label, value]) => `${label.padEnd(6)} ${value ?? "none: events come over HTTP or from files"}`);
  const table = (title: string, head: readonly string[], rows: readonly (readonly string[])[]) =>
    rows.length === 0
      ? `\nNo ${title}.\n`
      : `\n${formatTable(
          head.map((name, at) => ({ title: name, flexible: at === head.length - 1 })),
          rows,
          width,
        )}`;
  return [
    `${printableLines(facts.join("\n"))}\n`,
    table(
      "models",
      ["model", "task", "bucket", "retraining", "constraints", "baselines"],
      models.map((model) => [
        model.name,
        model.positive === null ? model.task : `${model.task} (${model.positive})`,
        model.bucket,
        model.retraining,
        model.constraints === 0 ? NOTHING : countOf(model.constraints, "feature"),
        model.baselines.join("; ") || NOTHING,
      ]),
    ),
    table(
      "rules",
      ["rule", "metric", "baseline", "window", "severity", "notify", "applies to"],
      rules.map((rule) => [
        rule.name,
        rule.metric,
        rule.baseline,
        rule.window,
        rule.severity,
        rule.notify.join(", ") || "nobody",
        rule.models.join(", ") || "no model",
      ]),
    ),
    table(
      "channels",
      ["channel", "type", "to"],
      channels.map((channel) => [channel.name, channel.type, channel.to]),
    ),
    unwatched(config),
    warned === 0
      ? "\nThe configuration is right.\n"
      : `\nThe configuration can be run. ${countOf(warned, "warning")}: not all of it will do what it says.\n`,
  ].join("");
}

/** Models whose performance no rule is about; those that ship know what a loss of accuracy is, and of no other metric. */
function unwatched({ models, rules }: Config): string {
  const watching = rules.filter(({ measure: { metric } }) => metric !== "drift" && metricFamily(metric) === "performance");
  return [...models.values()]
    .filter((model) => !watching.some((rule) => appliesTo(rule, model)))
    .map((model) =>
      printableLines(
        `\nNo rule watches how right ${named(model.name)} is: write one, as in measure: {metric: ${leadMetric(model)}, …} (docs/rules.md).\n`,
      ),
    )
    .join("");
}

function modelsOf(rule: Rule, config: Config): string[] {
  return [...config.models.values()].filter((model) => appliesTo(rule, model)).map(({ name }) => name);
}

function baselineText(baseline: BaselineSettings): string {
  const { name } = baseline;
  switch (baseline.kind) {
    case "file":
      return `${name}: ${countOf(baselineFiles(baseline).length, "file")}`;
    case "trailing":
      return `${name}: ${formatDuration(baseline.window)}${baseline.offset > 0 ? `, ${formatDuration(baseline.offset)} back` : ""}${baseline.season ? `, season ${baseline.season}` : ""}`;
    case "period":
      return `${name}: ${formatTime(baseline.from)} to ${formatTime(baseline.to)}${baseline.version ? ` of version ${baseline.version}` : ""}`;
    case "version":
      return `${name}: version ${baseline.version}`;
  }
}

function retrainingText(config: Config, model: string): string {
  const settings = config.retraining.get(model);
  if (!settings) return "none";
  const { launcher, dryRun, approval } = settings;
  const place = launcher.type === "command" ? (launcher.command[0] ?? "") : placeOf(launcher.url);
  return `${launcher.type === "webhook" ? "" : `${launcher.type} `}${place}${dryRun ? " (dry run)" : approval ? " (with approval)" : ""}`;
}

function channelText(channel: Channel): string {
  return channel.type === "email" ? `${channel.to.join(", ")} by ${channel.smtp.host}:${channel.smtp.port}` : placeOf(channel.url);
}

function topicText({ topic, adapter }: KafkaTopic): string {
  return adapter === null ? topic : `${topic} (${adapter})`;
}

function placeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "an address that is no URL";
}
