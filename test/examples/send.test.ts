import { spawn } from "node:child_process";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { label, send, type Event, type SendOptions, type Sent } from "../../examples/producer-typescript/lib/events.js";
import { pythonSkipReason } from "../support/python.ts";

type Asked = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly lines: readonly string[]; readonly at: number };
type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown } | "hang up";

/** A daemon that has its moods: answers one thing after another, and the last one from then on. */
async function startMoodyDaemon(...answers: readonly ((asked: Asked) => Answer)[]): Promise<{ url: string; asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const one = { path: request.url ?? "", headers: request.headers, lines: body.split("\n"), at: performance.now() };
      const answer = answers[Math.min(asked.push(one), answers.length) - 1]?.(one) ?? "hang up";
      if (answer === "hang up") request.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end(JSON.stringify(answer.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const events = (count: number): Event[] =>
  Array.from({ length: count }, (_, index) => label({ id: `r-${index}`, model: "my-model", label: "yes" }));

async function sendFromPython(url: string, given: readonly Event[], options: SendOptions = {}): Promise<Sent> {
  const child = spawn("python3", [fileURLToPath(new URL("send_events.py", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify({ url, events: given, ...options }));
  const answer = JSON.parse(await text(child.stdout)) as Sent | { error: string };
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}

const python = pythonSkipReason() === null ? [["Python", sendFromPython] as const] : [];

describe.each([["TypeScript", send] as const, ...python])("send of the %s helper", (_, send) => {
  test("asks a busy or absent daemon again, when it is told to, and returns what was rejected", async () => {
    const { url, asked } = await startMoodyDaemon(
      () => "hang up",
      () => ({ status: 503, headers: { "retry-after": "1" } }),
      () => ({ status: 429, headers: { "retry-after": "0" } }),
      () => ({ status: 200, body: { accepted: 1, rejected: [{ index: 1, reason: "unregistered_model", message: "no such model" }] } }),
    );
    const given = events(2);
    expect(await send(`${url}/`, given, { token: "secret" })).toEqual({
      accepted: 1,
      rejected: [{ event: given[1], index: 1, reason: "unregistered_model", message: "no such model" }],
    });
    expect(asked).toHaveLength(4);
    for (const { path, headers, lines } of asked) {
      expect(path).toBe("/v1/events");
      expect(headers).toMatchObject({ authorization: "Bearer secret", "content-type": "application/x-ndjson" });
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(given);
    }
    expect((asked[2]?.at ?? 0) - (asked[1]?.at ?? 0)).toBeGreaterThan(950);
  });

  test("sends many in several requests, and counts over all", async () => {
    const { url, asked } = await startMoodyDaemon(({ lines }) => ({
      status: 200,
      body: { accepted: lines.length - 1, rejected: [{ index: 0, reason: "invalid_field", message: "no" }] },
    }));
    const { accepted, rejected } = await send(url, events(2_500));
    expect(asked.map(({ lines }) => lines.length)).toEqual([1_000, 1_000, 500]);
    expect(accepted).toBe(2_497);
    expect(rejected.map(({ index, event }) => [index, event.id])).toEqual([
      [0, "r-0"],
      [1_000, "r-1000"],
      [2_000, "r-2000"],
    ]);
  });

  test("says at once what asking again would not mend, and what went on for too long", async () => {
    const refusing = await startMoodyDaemon(() => ({ status: 401, body: { detail: "The token is not known." } }));
    await expect(send(refusing.url, events(1))).rejects.toThrow(/401 .*The token is not known/);
    expect(refusing.asked).toHaveLength(1);
    const away = await startMoodyDaemon(() => "hang up");
    await expect(send(away.url, events(1), { retryFor: 0 })).rejects.toThrow(/does not answer at .*Is it running/);
    expect(away.asked).toHaveLength(1);
  });
});
