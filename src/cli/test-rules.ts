import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { courseOf, courseOfChanges, failuresOf, type Course, type Failure } from "../alerting/test-rules.ts";
import { createApp } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import type { Problem } from "../config/problem.ts";
import { readRuleTests } from "../config/read-rule-tests.ts";
import { replayFeed } from "../ingest/file-source.ts";
import type { Message } from "../ingest/source.ts";
import { silentLog } from "../log.ts";
import type { Transition } from "../model/alert.ts";
import type { RuleTest } from "../model/rule-test.ts";
import type { Maintenance, Rule } from "../model/rule.ts";
import { jsonOption, newCommand, note, type Cli } from "./command.ts";
import { CliFailure, configFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { SHIPPED_ALERTS } from "./paths.ts";
import { STATISTICS } from "./statistics.ts";
import { countOf, printableLines, safeJson } from "./text.ts";

const TEST_FILE = /\.test\.ya?ml$/;
const AT_ONCE = 5_000;

type Result = { readonly file: string; readonly test: string; readonly rule: string; readonly failures: readonly Failure[] };

export function testRulesCommand(cli: Cli) {
  return newCommand("test-rules", "run the tests of alert rules: what they should make of written measurements, or of events", [
    "test-rules",
    "test-rules alerts/drift.test.yaml --json",
  ])
    .argument("[files...]", "files that end in .test.yaml, or directories of them (default: ./alerts, else those of the shipped rules)")
    .addOption(jsonOption("a line for each test as JSON"))
    .action(async (files: readonly string[], options: { json?: boolean }) =>
      cli.finish(await testRules(cli.io, files, options.json === true)),
    );
}

async function testRules(io: Io, named: readonly string[], json: boolean): Promise<number> {
  const files = testFiles(named);
  const results: Result[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const read = readRuleTests(file, (path) => readFileSync(path, "utf8"));
    problems.push(...read.problems);
    if (read.problems.length > 0) continue;
    for (const test of read.tests) {
      const course = await playTest(io, test, read.rules, read.maintenance);
      results.push({ file, test: test.name, rule: test.rule, failures: failuresOf(test, course) });
    }
  }
  if (problems.length > 0) throw configFailure(problems);
  const failed = results.filter(({ failures }) => failures.length > 0);
  if (json) for (const result of results) io.stdout.write(`${safeJson({ ...result, ok: result.failures.length === 0 })}\n`);
  else
    for (const { file, test, failures } of failed)
      for (const { line, message } of failures)
        io.stdout.write(`${printableLines(`${relative(".", file)}:${line}: ${test}\n  ${message}`)}\n`);
  note(
    io,
    `${countOf(results.length, "test")} of ${countOf(files.length, "file")}: ${failed.length === 0 ? "all as expected" : `${failed.length} not as expected`}.`,
  );
  return failed.length === 0 ? 0 : 1;
}

function testFiles(named: readonly string[]): string[] {
  const asked = named.length > 0 ? named : [isDirectory("alerts") ? "alerts" : SHIPPED_ALERTS];
  const files = asked.flatMap((one) => {
    if (isDirectory(one))
      return readdirSync(one)
        .filter((file) => TEST_FILE.test(file))
        .toSorted()
        .map((file) => join(one, file));
    if (statSync(one, { throwIfNoEntry: false }) === undefined)
      throw new CliFailure(`There is no ${one}.`, "Name files that end in .test.yaml.", 2);
    if (!TEST_FILE.test(basename(one)))
      throw new CliFailure(`${one} is no file of tests.`, "Their names end in .test.yaml, and they stand beside the rules.", 2);
    return [one];
  });
  if (files.length === 0)
    throw new CliFailure(
      `There are no tests in ${asked.join(", ")}.`,
      "Write some in a file that ends in .test.yaml: docs/rules.md has one.",
      2,
    );
  return files;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function playTest(io: Io, test: RuleTest, rules: readonly Rule[], maintenance: readonly Maintenance[]): Promise<Course> {
  const { given } = test;
  return given.kind === "measurements"
    ? courseOf(test, given.measurements, rules, maintenance, STATISTICS)
    : playEvents(io, test, given.config, given.files, rules, maintenance);
}

/** The whole program on these events, in a store of its own that is gone afterwards, with nobody to tell. */
async function playEvents(
  io: Io,
  test: RuleTest,
  file: string,
  files: readonly string[],
  rules: readonly Rule[],
  maintenance: readonly Maintenance[],
): Promise<Course> {
  const loaded = loadConfig({ file, env: io.env, shippedAlerts: SHIPPED_ALERTS });
  if (!loaded.ok) throw configFailure(loaded.problems);
  const directory = mkdtempSync(join(tmpdir(), "driftwatch-test-rules-"));
  const transitions: Transition[] = [];
  const own = rules.filter(({ name }) => name === test.rule);
  const config = {
    ...loaded.config,
    clock: "replay" as const,
    kafka: null,
    store: { kind: "embedded" as const, path: join(directory, "data") },
    rules: own,
    maintenance,
  };
  const app = await createApp(config, {
    log: silentLog,
    sources: [],
    tickEvery: null,
    effects: false,
    onTransitions: (changed) => transitions.push(...changed),
  });
  try {
    await app.start();
    let batch: Message[] = [];
    const send = async () => {
      const { rejected } = await app.pipeline.ingest(batch);
      const [first] = rejected;
      if (first)
        throw new CliFailure(`An event of ${dirname(file)} is refused: ${first.message}`, "Every event of a test has to be right.", 2);
      batch = [];
    };
    for await (const message of replayFeed(files, { onBytes: () => {} })) if (batch.push(message) >= AT_ONCE) await send();
    await send();
    app.watermarks.finish();
    await app.tick();
    return courseOfChanges(transitions);
  } finally {
    await app.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
