import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { scratchDirectory } from "../support/scratch.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a room may import: other rooms, and `log.ts`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  stats: [],
  config: ["model"],
  store: ["model"],
  ingest: ["model", "store", "log"],
  monitor: ["model", "stats", "store", "log"],
  alerting: ["model", "store", "log"],
  notify: ["model", "log"],
  retrain: ["model", "store", "log"],
  metrics: ["model", "store"],
  report: ["model", "store"],
  api: ["model", "store", "log"],
  web: ["model", "store", "report"],
  demo: ["model", "ingest", "log"],
  cli: ["*"],
};
const ROOMS = Object.keys(MAY_IMPORT);

/** Packages that only some files may import. */
const MAY_IMPORT_PACKAGE: Readonly<Record<string, readonly string[]>> = {
  kafkajs: ["src/ingest/kafka-probe.ts"],
  "kafkajs/src/env": ["src/ingest/kafka-probe.ts"],
  chdb: ["src/store/probe.ts"],
  "chdb/connection": ["src/store/probe.ts"],
  "@clickhouse/client": ["src/store/probe.ts"],
  "@clickhouse/client-common": ["src/store/probe.ts"],
  nodemailer: ["src/notify/email.ts"],
  "nodemailer/lib/mailer": ["src/notify/email.ts"],
  "prom-client": ["src/metrics/probe.ts"],
  "prom-client/lib/registry": ["src/metrics/probe.ts"],
  "@grafana/grafana-foundation-sdk/dashboard": ["dashboards/probe.ts"],
};

type Probe = { readonly file: string; readonly source: string };
const probes: Probe[] = [];

/** A file with one line, in a tree that is linted once, as this repository is. Says which file it became. */
function probe(file: string, source: string): string {
  const unique = file.includes("*") ? file.replace("*", `probe-${probes.length}`) : file;
  probes.push({ file: unique, source: `${source}\n` });
  return unique;
}

const reported = new Map<string, string[]>();
beforeAll(() => {
  const tree = scratchDirectory();
  cpSync(join(root, ".oxlintrc.json"), join(tree, ".oxlintrc.json"));
  for (const { file, source } of probes) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), source, { flag: "a" });
  }
  const result = spawnSync(join(root, "node_modules", ".bin", "oxlint"), ["--format", "json"], {
    cwd: tree,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const { diagnostics } = JSON.parse(result.stdout) as { diagnostics: { code: string; filename: string }[] };
  for (const { code, filename } of diagnostics) reported.set(filename, [...(reported.get(filename) ?? []), code]);
});

const BANNED = "eslint(no-restricted-imports)";

describe.each(ROOMS)("the room %s", (room) => {
  const others = ["log", ...ROOMS].filter((other) => other !== room);
  const cases = others.map((other) => {
    const target = other === "log" ? "../log.ts" : `../${other}/thing.ts`;
    return {
      other,
      allowed: MAY_IMPORT[room]?.includes("*") === true || MAY_IMPORT[room]?.includes(other) === true,
      files: [
        probe(`src/${room}/*.ts`, `import { thing } from "${target}"; thing();`),
        probe(`src/${room}/*.ts`, `import type { Thing } from "${target}"; export const x: Thing | null = null;`),
        probe(`src/${room}/*.ts`, `export { thing } from "${target}";`),
      ],
    };
  });

  it.each(cases)("and $other: allowed $allowed", ({ allowed, files }) => {
    for (const file of files) expect(reported.get(file)?.includes(BANNED) ?? false).toBe(!allowed);
  });

  const edge = probe(`src/${room}/*.ts`, 'import { createApp } from "../app.ts"; createApp();');
  it("does not import the app, unless it is at the edge", () => {
    expect(reported.get(edge)?.includes(BANNED) ?? false).toBe(room !== "cli");
  });

  const own = probe(`src/${room}/*.ts`, 'import { thing } from "./thing.ts"; thing();');
  it("imports what is its own", () => {
    expect(reported.get(own) ?? []).not.toContain(BANNED);
  });
});

describe.each(Object.entries(MAY_IMPORT_PACKAGE))("the package %s", (name, allowed) => {
  const line = `import thing from "${name}"; thing();`;
  const forbidden = [
    ...ROOMS.filter((room) => !allowed.some((file) => file.startsWith(`src/${room}/probe`))).map((room) => probe(`src/${room}/*.ts`, line)),
    probe("src/*.ts", line),
  ];
  const welcome = allowed.map((file) => probe(file, line));

  it("is imported nowhere else", () => {
    for (const file of forbidden) expect([file, reported.get(file)]).toEqual([file, expect.arrayContaining([BANNED])]);
  });

  it("is imported where it belongs", () => {
    for (const file of welcome) expect(reported.get(file) ?? []).not.toContain(BANNED);
  });
});

describe("dashboards", () => {
  const from = (target: string) => probe("dashboards/*.ts", `import { thing } from "${target}"; thing();`);
  const own = from("./thing.ts");
  const foreign = ["../src/model/time.ts", "../dist/main.js", "zod", "node:fs", "@grafana/data"].map(from);

  it("import each other", () => {
    expect(reported.get(own) ?? []).not.toContain(BANNED);
  });

  it("import nothing else but their SDK", () => {
    for (const file of foreign) expect([file, reported.get(file)]).toEqual([file, expect.arrayContaining([BANNED])]);
  });
});

describe("imports in a circle", () => {
  const circle = [
    probe("src/model/one.ts", 'import { two } from "./two.ts"; export const one = () => two();'),
    probe("src/model/two.ts", 'import { one } from "./one.ts"; export const two = () => one();'),
  ];

  it("are reported", () => {
    for (const file of circle) expect(reported.get(file)).toContain("import(no-cycle)");
  });
});
