import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Asked = { readonly request: string; readonly authorization: string; readonly json: unknown };
type Scripted = { readonly status: number; readonly json?: unknown; readonly headers?: Record<string, string> };

/** A real HTTP server that answers each `METHOD /path` as told, in turn where several answers are given, and keeps what it was asked. */
export async function scriptedServer(
  script: Readonly<Record<string, Scripted | readonly Scripted[]>>,
): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const turns = new Map<string, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const name = `${request.method} ${request.url}`;
      asked.push({
        request: name,
        authorization: request.headers.authorization ?? "",
        json: text === "" ? null : (JSON.parse(text) as unknown),
      });
      const known = Object.keys(script).find((one) => one === name || (one.endsWith("*") && name.startsWith(one.slice(0, -1))));
      const given =
        known === undefined ? { status: 500, json: { message: `not in the script: ${name}` } } : (script[known] ?? { status: 500 });
      const turn = turns.get(name) ?? 0;
      turns.set(name, turn + 1);
      const answer = "status" in given ? given : (given[Math.min(turn, given.length - 1)] ?? { status: 500 });
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end(answer.json === undefined ? undefined : JSON.stringify(answer.json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
