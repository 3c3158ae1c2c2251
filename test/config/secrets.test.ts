import { describe, expect, it } from "vitest";
import { formatProblems } from "../../src/config/problem.ts";
import { load, loaded, MODEL, problemsOf } from "./workplace.ts";

const hook = (rest: string) => `${MODEL}channels:\n  c: {type: webhook, url: "http://x", ${rest}}\n`;

describe("a secret", () => {
  it("comes from a variable", () => {
    const config = loaded(load(hook('secret: "a${S}b"'), {}, { env: { S: "hunter2" } }));
    expect(config.channels.get("c")).toMatchObject({ secret: "ahunter2b" });
  });

  it("comes from a file, relative to the configuration, without its last line break", () => {
    expect(loaded(load(hook("secret_file: run/s"), { "run/s": " hunter2\n" })).channels.get("c")).toMatchObject({ secret: " hunter2" });
  });

  it("is not replaced after $$", () => {
    expect(loaded(load(hook('secret: "$${S}"'))).channels.get("c")).toMatchObject({ secret: "${S}" });
  });

  it("is no number", () => {
    expect(problemsOf(load(hook("secret: 12345678")))[0]).toMatchObject({
      message: "expected text, found a number",
      hint: 'put it in quotes: "…"',
    });
  });

  it("is empty neither as a variable nor as a file", () => {
    expect(problemsOf(load(hook('secret: "${S}"'), {}, { env: { S: "" } }))[0]).toMatchObject({
      path: "channels.c.secret",
      message: "is empty",
    });
    expect(problemsOf(load(hook("secret_file: s"), { s: "\n" }))[0]).toMatchObject({
      path: "channels.c.secret_file",
      message: "the file is empty",
    });
  });
});

const LEAKS: readonly (readonly [string, string])[] = [
  ["beside another mistake", hook('secret: "hunter2", colour: red')],
  ["as a number", hook("secret: 7777hunter2, cooldown: 1").replace("7777hunter2", "[hunter2, hunter2]")],
  ["under a misspelt key", hook("sceret: hunter2")],
  ["under a key nobody knows", hook("xyz: hunter2")],
  ["under a key given twice", hook("secret: a, secret: hunter2")],
  ["over several lines", `${MODEL}channels:\n  c:\n    secret: |\n      hunter2\n      hunter2\n    type: nope\n`],
  ["without its space", `${MODEL}http: {tokens: [{name: a, token:hunter2, scopes: [read]}]}\n`],
  ["with an open quote", `${MODEL}http: {tokens: [{name: a, token: "hunter2, scopes: [read]}]}\n`],
  ["in broken YAML", `${MODEL}channels:\n  c:\n    secret: hunter2: hunter2\n`],
  ["in broken YAML, with blanks", `${MODEL}channels:\n  c: {secret: my hunter2, : [}\n`],
  ["in broken YAML, over several lines", `${MODEL}channels:\n  c:\n    secret: "abc\n  hunter2\nclock: live\n`],
  ["through an alias", `${MODEL}x: &s hunter2\nchannels:\n  c: {type: webhook, url: "http://x", secret: *s, a: 1}\n`],
  ["as the path of an address", `${MODEL}channels:\n  c: {type: webhook, url: "https://hooks.example.com/hunter2", a: 1}\n`],
  ["as the user of an address", `${MODEL}store: {url: "http://u:hunter2@host:8123", a: 1}\n`],
  ["as an address that is none", `${MODEL}channels:\n  c: {type: webhook, url: hooks.example.com/hunter2}\n`],
  ["as a tag", `${MODEL}channels:\n  c:\n    secret: !x hunter2\n`],
  ["in a variable used as a name", `${MODEL}retraining: {m: {type: "\${S}"}}\nclock: "\${S}"\n`],
  ["in a variable used as a path", `${MODEL}channels:\n  c: {type: webhook, url: "http://x", secret_file: "\${S}"}\nalerts: ["\${S}"]\n`],
  ["in a password", `${MODEL}channels:\n  c: {type: email, to: [x], smtp: {password: hunter2}}\n`],
];

it.each(LEAKS)("a secret is never printed: %s", (_what, yaml) => {
  const problems = problemsOf(load(yaml, {}, { env: { S: "hunter2" } }));
  expect(problems.length).toBeGreaterThan(0);
  expect(formatProblems(problems) + JSON.stringify(problems)).not.toContain("hunter2");
});

it("a variable's value is not printed where a rule names it", () => {
  const rule = 'rules:\n  - {name: r, measure: {metric: psi, baseline: "${S}", window: 1d}, fire: {above: 1}, notify: ["${S}"]}\n';
  const text = JSON.stringify(problemsOf(load(MODEL, { "alerts/a.yaml": rule }, { env: { S: "hunter2" } })));
  expect(text).toContain("there is no channel named ${S}");
  expect(text).not.toContain("hunter2");
});
