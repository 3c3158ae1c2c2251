import { join } from "node:path";
import type { Hono } from "hono";
import type { Connection } from "../../src/cli/connection.ts";
import type { Io } from "../../src/cli/io.ts";
import { runCli } from "../../src/cli/program.ts";
import { workplace } from "../config/workplace.ts";

const NOW = Date.UTC(2024, 5, 8, 12, 30);

export const CONFIG = `
clock: replay
store: {path: ./data}
models:
  flight delay/arrival: {task: binary, positive: late, bucket: 1h, baselines: {training: {window: 7d}}}
channels:
  ops: {type: webhook, url: "https://hooks.example.com/T0/secret-in-path", secret: "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"}
`;
export const MODEL = "flight delay/arrival";

/** A directory with a configuration of one model; its file. */
export function configFile(yaml = CONFIG, files: Readonly<Record<string, string>> = {}): string {
  return join(workplace({ "driftwatch.yaml": yaml, ...files }), "driftwatch.yaml");
}

export type Outcome = { readonly code: number; readonly out: string; readonly err: string };

export type Situation = Partial<Omit<Io, "stdout" | "stderr">> & { readonly columns?: number | null };

/** Runs the command line as main.ts does, and keeps what it wrote. */
export async function cli(argv: readonly string[], situation: Situation = {}): Promise<Outcome> {
  const { columns = null, ...rest } = situation;
  let out = "";
  let err = "";
  const refuse = (what: string) => () => Promise.reject(new Error(`${what} was not expected`));
  const code = await runCli(argv, {
    stdout: { write: (text) => (out += text), columns },
    stderr: { write: (text) => (err += text), columns, terminal: null },
    env: {},
    now: () => NOW,
    connect: refuse("a connection"),
    runDaemon: refuse("a daemon"),
    runDemo: refuse("a demo"),
    playToKafka: refuse("a demo into Kafka"),
    ...rest,
  });
  return { code, out, err };
}

/** What a command talks to, when it is this API. */
export function connectionTo(app: Pick<Hono, "request">, kind: Connection["kind"] = "daemon"): Connection {
  return { kind, where: "here", app: null, request: async (path, init) => app.request(path, init), close: async () => {} };
}

type Answer = (url: URL, init: RequestInit | undefined) => Response | Promise<Response>;

/** An API that answers by path, and remembers what it was asked. */
export function fakeApi(answers: Readonly<Record<string, Answer>>): { connection: Connection; asked: string[]; isClosed: () => boolean } {
  const asked: string[] = [];
  let closed = false;
  const connection: Connection = {
    kind: "daemon",
    where: "http://127.0.0.1:8080",
    app: null,
    request: async (path, init) => {
      asked.push(path);
      const url = new URL(path, "http://driftwatch");
      const answer = answers[url.pathname];
      if (!answer) return Response.json({ title: "Not found", detail: `There is no ${path}.`, hint: "Look elsewhere." }, { status: 404 });
      return answer(url, init);
    },
    close: async () => {
      closed = true;
    },
  };
  return { connection, asked, isClosed: () => closed };
}

export const items =
  (list: readonly unknown[]): Answer =>
  () =>
    Response.json({ items: list, next_cursor: null });

export const measurement = {
  model: MODEL,
  version: "v1",
  segment: null,
  subject: "feature",
  feature: "visib",
  baseline: "training",
  metric: "wasserstein",
  from: "2024-06-07T00:00:00Z",
  to: "2024-06-08T00:00:00Z",
  value: 0.61,
  expected: 0.05,
  p_value: 0.00004,
  ci: null,
  rows: { reference: 23_148, current: 834 },
  labelled: null,
  status: "ok",
  evidence: "baseline_windows",
  revision: 1,
  detail: { null_windows: 30, bins: [{ bin: "(9.9, 10]", reference: 0.8, current: 0.1, contribution: 1 }] },
};
