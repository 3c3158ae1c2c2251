import { describe, expect, it } from "vitest";
import { VERSION } from "../../src/cli/version.ts";
import { workplace } from "../config/workplace.ts";
import { cli, CONFIG, configFile, fakeApi } from "./terminal.ts";

const COMMANDS = [
  "run",
  "demo",
  "check",
  "schema",
  "migrate",
  "ingest",
  "baseline",
  "baseline create",
  "baseline list",
  "baseline show",
  "baseline fit",
  "baseline rebuild",
  "drift",
  "performance",
  "compare",
  "report",
  "alerts",
  "retrain",
  "retrain list",
  "retrain show",
  "retrain status",
  "retrain trigger",
  "retrain approve",
  "retrain cancel",
  "retrain swap",
  "retrain stop",
  "retrain resume",
  "export",
  "dead-letters",
  "dashboards",
];

describe("help", () => {
  it.each(COMMANDS)("of %s has its purpose and an example", async (command) => {
    const { code, out, err } = await cli([...command.split(" "), "--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(`Usage: driftwatch ${command}`);
    expect(out).toMatch(new RegExp(`Examples?:\\n {2}\\$ driftwatch ${command}`));
    expect(out).toContain("--config <file>");
  });

  it("lists every command, and prints the version", async () => {
    const { code, out } = await cli(["--help"]);
    expect(code).toBe(0);
    for (const command of COMMANDS.filter((name) => !name.includes(" "))) expect(out).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
    expect(await cli(["--version"])).toEqual({ code: 0, out: `${VERSION}\n`, err: "" });
  });
});

describe("wrong usage ends with 2 and says what to do", () => {
  it.each([
    [["dirft"], "Did you mean drift?"],
    [["baseline", "lst"], "Did you mean list?"],
    [["drift", "--fail-onn", "drift"], "Did you mean --fail-on?"],
    [["drift", "--model"], "argument missing"],
    [["drift", "--fail-on", "drop"], "Allowed choices are drift"],
    [["drift", "--metric", "accuracy"], "Allowed choices are judged"],
    [["drift", "--from", "yesterday", "--to", "today"], "Expected a date (2013-09-01)"],
    [["drift", "--from", "2024-06-01T00:00:00", "--to", "2024-06-02"], "time with its offset"],
    [["drift", "--last", "0d"], "Expected a duration"],
    [["drift", "--above", "-1"], "Expected a number"],
    [["drift", "--from", "2024-06-01"], "--from and --to belong together"],
    [["drift", "--from", "2024-06-02", "--to", "2024-06-01"], "--from lies not before --to"],
    [["drift", "--from", "2024-06-01", "--to", "2024-06-02", "--last", "7d"], "contradict"],
    [["performance", "--last", "7d", "--window", "1d"], "Leave it out"],
    [["drift", "surplus"], "too many arguments"],
    [["ingest"], "missing required argument 'file'"],
    [["alerts", "--limit", "0"], "whole number above 0"],
    [["alerts", "--state", "burning"], "Allowed choices are firing"],
    [["dead-letters", "--reason", "whim"], "Allowed choices are"],
    [["run", "--port", "70000"], "Expected a port"],
    [["report", "--format", "pdf"], "Allowed choices are html, json"],
    [["check", "--config", "nowhere.yaml"], "cannot read the configuration"],
  ])("%j", async (argv, said) => {
    const { code, out, err } = await cli(argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(said);
    expect(err).toMatch(/hint: |Leave it out|Give /);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it("without a command: the help, on stderr", async () => {
    const { code, out, err } = await cli([]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("Usage: driftwatch");
  });

  it("without a configuration: how to start", async () => {
    const before = process.cwd();
    process.chdir(workplace({}));
    try {
      for (const command of ["run", "check", "drift"]) {
        const { code, err } = await cli([command]);
        expect(code).toBe(2);
        expect(err).toMatch(/no driftwatch\.yaml.*\n.*hint: .*cp '.*driftwatch\.yaml'/);
      }
    } finally {
      process.chdir(before);
    }
  });

  it("names the models when one must be chosen, and the near one when it is mistyped", async () => {
    const file = configFile("models:\n  churn: {task: regression}\n  fraud: {task: regression}\n", { "alerts/none.yaml": "rules: []\n" });
    expect(await cli(["drift", "-c", file])).toMatchObject({ code: 2, err: expect.stringContaining("--model churn, --model fraud") });
    expect(await cli(["-c", file, "report", "-m", "freud"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("Did you mean fraud?"),
    });
  });
});

describe("failures are one message", () => {
  const file = configFile();
  const failing = (error: unknown) => ({
    connect: async () => {
      throw error;
    },
  });

  it("with the hint of the error, and no stack", async () => {
    const error = Object.assign(new Error("The store is locked."), { hint: "Stop the other process." });
    expect(await cli(["alerts", "-c", file], failing(error))).toEqual({
      code: 1,
      out: "",
      err: "error: The store is locked.\n  hint: Stop the other process.\n",
    });
  });

  it("with a stack only when asked for", async () => {
    const { err } = await cli(["alerts", "-c", file], { ...failing(new Error("odd")), env: { DRIFTWATCH_DEBUG: "1" } });
    expect(err).toMatch(/^error: odd\n.*hint: .*\nError: odd\n\s+at /);
  });

  it("when the daemon is gone", async () => {
    const { code, err } = await cli(
      ["alerts", "-c", file],
      failing(new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) })),
    );
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining("The daemon stopped answering.\n  hint:") });
  });

  it.each([
    [400, 2],
    [404, 1],
    [503, 1],
  ])("when the API answers %i: its detail and hint, and %i", async (status, expected) => {
    const { connection, isClosed } = fakeApi({
      "/v1/alerts": () => Response.json({ title: "T", detail: "D \u001b[31m", hint: "H" }, { status }),
    });
    expect(await cli(["alerts", "-c", file], { connect: async () => connection })).toEqual({
      code: expected,
      out: "",
      err: "error: D \u{fffd}[31m\n  hint: H\n",
    });
    expect(isClosed()).toBe(true);
  });

  it("when what answers is no API", async () => {
    const { connection } = fakeApi({ "/v1/alerts": () => new Response("<html>", { status: 502, statusText: "Bad Gateway" }) });
    expect((await cli(["alerts", "-c", file], { connect: async () => connection })).err).toContain("The API answered 502 Bad Gateway.");
  });
});

describe("run and demo", () => {
  it("hand their options on, and their exit code back", async () => {
    const file = configFile(CONFIG);
    const seen: unknown[] = [];
    const take = (code: unknown) => async (options: unknown) => {
      seen.push(options);
      return code;
    };
    expect((await cli(["run", "-c", file, "--host", "::1", "--port", "0"], { runDaemon: take(75) })).code).toBe(75);
    expect((await cli(["--config", file, "run"], { runDaemon: take(undefined) })).code).toBe(0);
    expect((await cli(["demo", "--no-keep-open", "--until", "2013-10-01", "--json", "--port", "9"], { runDemo: take(0) })).code).toBe(0);
    expect((await cli(["demo"], { runDemo: take(0) })).code).toBe(0);
    expect(seen).toEqual([
      { configFile: file, env: {}, host: "::1", port: 0 },
      { configFile: file, env: {} },
      { port: 9, keepOpen: false, until: "2013-10-01", json: true },
      { keepOpen: true, json: false },
    ]);
  });
});
