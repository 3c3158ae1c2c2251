import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { readMigrations } from "../../src/store/migrate.ts";
import { readViews } from "../../src/store/views.ts";
import { readCompose } from "../support/compose.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { readXml, toMapping } from "../support/xml.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const USERS = join(root, "deploy/clickhouse/users.d/driftwatch.xml");
const SERVER = join(root, "deploy/clickhouse/config.d/driftwatch.xml");
const read = (file: string) => readFileSync(file, "utf8");

const count = z.string().regex(/^[1-9]\d*$/);
const anywhere = z.strictObject({ ip: z.literal("::/0") });
const fromEnvironment = z.strictObject({ from_env: z.string().regex(/^\w+$/) });
const ttl = z.strictObject({ ttl: z.string() });
const removed = z.strictObject({ remove: z.literal("1") });

const usersFile = z.strictObject({
  users: z.strictObject({
    default: z.strictObject({ networks: z.strictObject({ ip: z.tuple([z.literal("::1"), z.literal("127.0.0.1")]) }) }),
    driftwatch: z.strictObject({
      password: fromEnvironment,
      networks: anywhere,
      profile: z.literal("driftwatch"),
      quota: z.literal("default"),
      default_database: z.literal("default"),
      grants: z.strictObject({ query: z.array(z.string()) }),
    }),
    grafana_reader: z.strictObject({
      password: fromEnvironment,
      networks: anywhere,
      profile: z.literal("grafana_reader"),
      quota: z.literal("default"),
      default_database: z.literal("driftwatch"),
      // One, and no other.
      grants: z.strictObject({ query: z.literal("GRANT SELECT ON driftwatch.v_*") }),
    }),
  }),
  profiles: z.strictObject({
    driftwatch: z.strictObject({ max_memory_usage: count }),
    grafana_reader: z.strictObject({
      readonly: z.literal("1"),
      max_execution_time: count,
      max_memory_usage: count,
      max_threads: count,
      max_result_rows: count,
      max_result_bytes: count,
      result_overflow_mode: z.literal("throw"),
      constraints: z.strictObject({
        max_execution_time: z.strictObject({ changeable_in_readonly: z.literal(""), min: count, max: count }),
      }),
    }),
  }),
});

const serverFile = z.strictObject({
  logger: z.strictObject({ level: z.enum(["warning", "information"]), console: z.literal("1"), size: z.string(), count }),
  max_server_memory_usage_to_ram_ratio: z.string().regex(/^0\.\d+$/),
  access_control_improvements: z.strictObject({
    settings_constraints_replace_previous: z.literal("true"),
    select_from_system_db_requires_grant: z.literal("true"),
  }),
  query_log: ttl,
  asynchronous_metric_log: removed,
  metric_log: removed,
  processors_profile_log: removed,
  text_log: removed,
  trace_log: removed,
});

test("both files are well-formed and say what they may", () => {
  expect(readXml(read(SERVER)).name).toBe("clickhouse");
  serverFile.parse(toMapping(readXml(read(SERVER))));
  const { users, profiles } = usersFile.parse(toMapping(readXml(read(USERS))));
  const { environment } = readCompose().services["clickhouse"] ?? { environment: {} };
  for (const user of [users.driftwatch, users.grafana_reader]) expect(environment).toHaveProperty(user.password.from_env);
  // Grafana's plugin asks for its own limit and a few seconds more.
  const { max } = profiles.grafana_reader.constraints.max_execution_time;
  expect(Number(max)).toBeGreaterThan(60);
});

test("a file with a mistake is not well-formed", () => {
  for (const mistake of ["<a><b></a></b>", "<a>", "<a></a><b></b>", "<a x=1></a>", "<a>&amp<</a>", "</a>"])
    expect(() => readXml(mistake)).toThrow(/not well-formed|closes/);
});

test("the daemon may read every table of the server that its queries name", () => {
  const { users } = usersFile.parse(toMapping(readXml(read(USERS))));
  // Everybody may read these; of what they list, only what they may know of.
  const open = ["system.tables", "system.columns", "system.databases"];
  const store = join(root, "src/store");
  const named = readdirSync(store, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(ts|sql)$/.test(file))
    .flatMap((file) => read(join(store, file)).match(/\bsystem\.\w+/g) ?? []);
  expect(named).toContain("system.detached_parts");
  for (const table of new Set(named.filter((name) => !open.includes(name))))
    expect(users.driftwatch.grants.query).toContain(`GRANT SELECT ON ${table}`);
});

describe("in the embedded engine", () => {
  type Reply = { readonly id: number; readonly text?: string; readonly error?: string };

  /**
   * An engine with the files of the stack, in which `user` goes by the name `default`, the only one that can log in.
   * Left out: the constraints, which this engine does not take, and what is for those who come over a network.
   */
  async function engineAs(user: string): Promise<(sql: string) => Promise<string>> {
    const directory = scratchDirectory();
    const [, users = "", rest = ""] = /<users>([^]*)<\/users>([^]*)/.exec(read(USERS)) ?? [];
    const renamed = users
      .replace(/<default>[^]*?<\/default>/, "")
      .replaceAll(`<${user}>`, "<default>")
      .replaceAll(`</${user}>`, "</default>");
    mkdirSync(join(directory, "config.d"));
    cpSync(SERVER, join(directory, "config.d", "driftwatch.xml"));
    const file = `<clickhouse><quotas><default/></quotas><users>${renamed}</users>${rest.replace("<profiles>", "<profiles><default/>")}`;
    writeFileSync(
      join(directory, "users.xml"),
      file
        .replace(/<constraints>[^]*?<\/constraints>/, "")
        .replace(/<default_database>\w+<\/default_database>/g, "")
        .replace(/<password from_env="\w+"\/>/g, "<password></password>"),
    );
    writeFileSync(
      join(directory, "config.xml"),
      `<clickhouse><user_directories><users_xml><path>${join(directory, "users.xml")}</path></users_xml></user_directories></clickhouse>`,
    );
    const engine = fork(
      fileURLToPath(new URL("../support/read-only-process.mjs", import.meta.url)),
      [join(directory, "data"), join(directory, "config.xml")],
      { execArgv: [], stdio: ["ignore", "ignore", "ignore", "ipc"] },
    );
    const exited = new Promise((resolve) => engine.once("exit", resolve));
    onTestFinished(async () => {
      if (engine.connected) engine.disconnect();
      await exited;
    });
    const waiting = new Map<number, (reply: Reply) => void>();
    engine.on("message", (reply: Reply) => waiting.get(reply.id)?.(reply));
    void exited.then(() => waiting.forEach((settle) => settle({ id: -1, error: "the engine's process ended" })));
    const reply = async (id: number) => {
      const { text = "", error } = await new Promise<Reply>((resolve) => waiting.set(id, resolve));
      if (error !== undefined) throw new Error(error);
      return text;
    };
    await reply(0);
    let last = 0;
    return (sql) => {
      last += 1;
      engine.send({ id: last, sql });
      return reply(last);
    };
  }

  test("the daemon's user makes the database, every table and every view, and can do nothing elsewhere", async () => {
    const run = await engineAs("driftwatch");
    await run("CREATE DATABASE IF NOT EXISTS driftwatch");
    await run("USE driftwatch");
    for (const { sql } of readMigrations()) await run(sql);
    for (const { name, sql } of readViews())
      await run(`CREATE OR REPLACE VIEW ${name} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS ${sql} COMMENT 'one'`);
    for (const { name, sql } of readViews())
      await run(`CREATE OR REPLACE VIEW ${name} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS ${sql} COMMENT 'two'`);
    await run("INSERT INTO dead_letters (reason) VALUES ('a reason')");
    for (const { name } of readViews()) await run(`SELECT * FROM ${name} LIMIT 1`);
    for (const beyond of [
      "CREATE DATABASE other",
      "CREATE TABLE default.other (a UInt8) ENGINE = MergeTree ORDER BY a",
      "CREATE USER other",
      "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
      "DROP DATABASE driftwatch",
      "SELECT * FROM system.users",
    ])
      expect([beyond, await run(beyond).catch((error: Error) => error.message)]).toEqual([
        beyond,
        expect.stringContaining("ACCESS_DENIED"),
      ]);
  }, 60_000);

  test("Grafana's user is there, with one right and read-only", async () => {
    const run = await engineAs("grafana_reader");
    expect(await run("SHOW GRANTS")).toContain("GRANT SELECT ON driftwatch.v_* TO default");
    expect(await run("SELECT value FROM system.settings WHERE name = 'readonly'")).toContain('["1"]');
    await expect(run("CREATE DATABASE driftwatch")).rejects.toThrow(/READONLY|ACCESS_DENIED/);
  }, 60_000);
});
