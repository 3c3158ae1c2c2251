import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readViews } from "../../../src/store/views.ts";

export type Column = { readonly name: string; readonly type: string };
export type Answer = { readonly columns: readonly Column[]; readonly rows: readonly (readonly unknown[])[] };
export type Reader = {
  /** What the server answers, or rejects with what it refuses. */
  query(sql: string): Promise<Answer>;
  close(): Promise<void>;
};

const USERS = fileURLToPath(new URL("../../../deploy/clickhouse/users.d/driftwatch.xml", import.meta.url));

/** Who the daemon and Grafana are to the database of the deployment. */
export const DAEMON = "driftwatch";
export const GRAFANA = "grafana_reader";

const UNLIMITED = "<profile>default</profile><quota>default</quota><access_management>1</access_management>";
const ANYBODY = "<password></password><networks><ip>::/0</ip></networks>";

/**
 * A store, as Grafana's user sees it, with the rights and limits that the deployment gives to that user and to the
 * daemon. The embedded engine lets nobody log in but `default`: Grafana's user goes by that name here, and the views,
 * which `default` made, are given to the daemon's.
 */
export async function openAsGrafana(store: string, scratch: string): Promise<Reader> {
  const directory = join(store, "clickhouse");
  const deployed = deployedUsers(readFileSync(USERS, "utf8"));
  const daemon = deployed.users.get(DAEMON) ?? "";
  const maker = await openWith(directory, scratch, "maker", { [DAEMON]: daemon, default: UNLIMITED }, deployed.profiles);
  for (const { name } of readViews()) await maker.query(`ALTER TABLE ${name} MODIFY DEFINER = ${DAEMON} SQL SECURITY DEFINER`);
  await maker.close();
  return openWith(directory, scratch, "grafana", { [DAEMON]: daemon, default: deployed.users.get(GRAFANA) ?? "" }, deployed.profiles);
}

/**
 * The users of a file of the deployment, and their profiles. Left out: passwords and networks (nobody comes over one),
 * the constraints (this engine refuses those that are changeable in read-only mode, for want of a server setting), and
 * the name of the database, which the embedded engine calls `default`.
 */
export function deployedUsers(file: string): { users: ReadonlyMap<string, string>; profiles: string } {
  const xml = file.replace(/<!--[^]*?-->/g, "");
  const inside = (tag: string) => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(xml)?.[1] ?? "";
  const users = [...inside("users").matchAll(/<(\w+)>([^]*?)<\/\1>/g)].map(
    ([, name = "", body = ""]) =>
      [
        name,
        body
          .replace(/<password\b[^>]*\/>|<(password\w*)\b[^]*?<\/\1>|<networks\b[^]*?<\/networks>/g, "")
          .replace(/<default_database>.*?<\/default_database>/g, "")
          .replace(/(\sON\s+)driftwatch\./g, "$1default."),
      ] as const,
  );
  return { users: new Map(users), profiles: inside("profiles").replace(/<constraints>[^]*?<\/constraints>/g, "") };
}

async function openWith(
  directory: string,
  scratch: string,
  name: string,
  users: Readonly<Record<string, string>>,
  profiles: string,
): Promise<Reader> {
  const usersFile = join(scratch, `users-${name}.xml`);
  const config = join(scratch, `config-${name}.xml`);
  const listed = Object.entries(users).map(([user, rights]) => `<${user}>${ANYBODY}${rights}</${user}>`);
  writeFileSync(
    usersFile,
    `<clickhouse><profiles><default/>${profiles}</profiles><quotas><default/></quotas><users>${listed.join("")}</users></clickhouse>`,
  );
  writeFileSync(config, `<clickhouse><user_directories><users_xml><path>${usersFile}</path></users_xml></user_directories></clickhouse>`);
  return startProcess(directory, config);
}

type Reply = { id: number; text?: string; error?: string };

async function startProcess(directory: string, config: string): Promise<Reader> {
  const child = fork(fileURLToPath(new URL("../read-only-process.mjs", import.meta.url)), [directory, config], {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting = new Map<number, (reply: Reply) => void>();
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code) => {
      for (const [id, settle] of waiting) settle({ id, error: `The engine's process ended with ${code}.` });
      resolve();
    });
  });
  child.on("message", (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  let last = 0;
  const replied = (id: number) => new Promise<Reply>((resolve) => waiting.set(id, resolve));
  const { error } = await replied(0);
  if (error !== undefined) throw new Error(`The store in ${directory} cannot be opened with ${config}: ${error}`);

  async function query(sql: string): Promise<Answer> {
    last += 1;
    const reply = replied(last);
    child.send({ id: last, sql });
    const { text = "", error: refused } = await reply;
    if (refused !== undefined) throw new Error(refused.replace(/^Query failed: /, ""));
    // A statement that is no question has no answer.
    if (text === "") return { columns: [], rows: [] };
    const { meta, data } = JSON.parse(text) as { meta: Column[]; data: unknown[][] };
    return { columns: meta, rows: data };
  }
  return {
    query,
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
