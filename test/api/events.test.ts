import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createApi } from "../../src/api/api.ts";
import { ServerError, startServer } from "../../src/api/server.ts";
import { silentLog } from "../../src/log.ts";
import { StoreError, type Store } from "../../src/store/store.ts";
import { apiOver } from "../support/api.ts";

const MIB = 1024 * 1024;
type Message = { bytes: Uint8Array; index: number };

function apiThat(ingest: (messages: readonly Message[]) => Promise<{ accepted: number; rejected: [] }>) {
  // Taking events asks nothing of the store.
  return createApi(apiOver({} as Store, [], { ingest }).dependencies);
}

async function send(
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
  type = "application/json",
  headers: Record<string, string> = {},
) {
  const taken: string[] = [];
  const app = apiThat(async (messages) => {
    taken.push(...messages.map(({ bytes, index }) => `${index}:${Buffer.from(bytes).toString()}`));
    return { accepted: messages.length, rejected: [] };
  });
  const answer = await app.request("/v1/events", {
    method: "POST",
    body,
    headers: { ...(type === "" ? {} : { "content-type": type }), ...headers },
    ...({ duplex: "half" } as object),
  });
  return { status: answer.status, taken, answer };
}

describe("a body of events", () => {
  it.each([
    ["one event", '{"type":"label","events":[1]}', ['0:{"type":"label","events":[1]}']],
    ["an array", ' [ {"a":"],{\\"}"} ,{"b":[{}]},7, null ]\n', ['0:{"a":"],{\\"}"}', '1:{"b":[{}]}', "2:7", "3:null"]],
    ["a list in an object", '{"sent":{"x":[1]},"events":[{"a":1e400},{"a":1,"a":2}]}', ['0:{"a":1e400}', '1:{"a":1,"a":2}']],
    ["nothing in an array", "[]", []],
    ["an object that is broken inside", "[{a:1}]", ["0:{a:1}"]],
  ])("as %s is split as it was sent", async (_, body, expected) => {
    expect(await send(body)).toMatchObject({ status: 200, taken: expected });
  });

  it("as lines is split at line ends, blank ones left out", async () => {
    expect((await send('{"a":1}\r\n\n  \n{"b":2}', "application/x-ndjson; charset=utf-8")).taken).toEqual(['0:{"a":1}\r', '1:{"b":2}']);
  });

  it.each(["", " ", "hello", '"text"', "[1,2", "[1 2]", "[1,,2]", "[1]]", '["a]', "{", '{"events":[1}', "[}"])(
    "%j is refused as a whole",
    async (body) => {
      const { status, taken } = await send(body);
      expect([status, taken]).toEqual([400, []]);
    },
  );

  it.each([
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/jsonx",
    "text/json, application/json",
  ])("of type %j is refused", async (type) => {
    expect((await send(Buffer.from("[]"), type)).status).toBe(415);
  });

  it("answers what was taken and what was not", async () => {
    const app = createApi(
      apiOver({} as Store, [], {
        ingest: async () => ({ accepted: 1, rejected: [{ index: 1, reason: "empty", message: "It is empty." }] }),
      }).dependencies,
    );
    const answer = await app.request("/v1/events", { method: "POST", body: "[{},1]", headers: { "content-type": "application/json" } });
    expect(await answer.json()).toEqual({ accepted: 1, rejected: [{ index: 1, reason: "empty", message: "It is empty." }] });
  });

  it("is to be sent again later when the store is not able", async () => {
    const app = apiThat(async () => Promise.reject(new StoreError("The store is full.", { hint: "Free some space.", retryable: true })));
    const answer = await app.request("/v1/events", { method: "POST", body: "[{}]", headers: { "content-type": "application/json" } });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await answer.json()).toMatchObject({ detail: "The store is full.", hint: "Free some space." });
  });
});

describe("bounds on a body", () => {
  const many = (count: number) => `[${new Array<string>(count).fill("{}").join(",")}]`;
  it("10,000 events are taken, one more is not", async () => {
    expect((await send(many(10_000))).taken).toHaveLength(10_000);
    expect((await send(many(10_001))).status).toBe(413);
    expect((await send("{}\n".repeat(10_001), "application/x-ndjson")).status).toBe(413);
  });

  it("8 MiB are taken, one byte more is not, whatever the length given", async () => {
    const full = `["${"x".repeat(8 * MIB - 4)}"]`;
    expect((await send(full)).status).toBe(200);
    expect((await send(`${full} `)).status).toBe(413);
    expect((await send(`${full} `, "application/json", { "content-length": "10" })).status).toBe(413);
    expect((await send("[]", "application/json", { "content-length": String(9 * MIB) })).status).toBe(413);
  });

  it("a stream without end is left after 8 MiB", async () => {
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 64 * 1024;
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
      },
    });
    expect((await send(stream)).status).toBe(413);
    expect(sent).toBeLessThan(9 * MIB);
  });

  it("gzip is taken, a bomb is not inflated, other encodings and broken ones are refused", async () => {
    const gzip = { "content-encoding": "gzip" };
    expect((await send(gzipSync('[{"a":1}]'), "application/json", gzip)).taken).toEqual(['0:{"a":1}']);
    const bomb = gzipSync(Buffer.alloc(300 * MIB, 0x20), { level: 9 });
    const before = process.memoryUsage().rss;
    expect((await send(bomb, "application/json", gzip)).status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
    expect((await send("[]", "application/json", gzip)).status).toBe(400);
    expect((await send(gzipSync("[]").subarray(0, 12), "application/json", gzip)).status).toBe(400);
    expect((await send("[]", "application/json", { "content-encoding": "br" })).status).toBe(415);
    expect((await send("[]", "application/json", { "content-encoding": "gzip, gzip" })).status).toBe(415);
  });
});

describe("the server", () => {
  const open: { close(): Promise<void> }[] = [];
  const start = async (app: Parameters<typeof startServer>[0]["app"], port = 0) => {
    const server = await startServer({ app, host: "127.0.0.1", port, log: silentLog });
    open.push(server);
    return server;
  };
  afterEach(async () => void (await Promise.all(open.splice(0).map((one) => one.close()))));

  it("takes events in chunks, and refuses too many of them while they are sent", async () => {
    const ingest = vi.fn(async (messages: readonly Message[]) => ({ accepted: messages.length, rejected: [] as [] }));
    const { port } = await start(apiThat(ingest));
    const post = (chunks: readonly Buffer[]) =>
      new Promise<number>((resolve, reject) => {
        const sending = request(
          { port, host: "127.0.0.1", path: "/v1/events", method: "POST", headers: { "content-type": "application/json" } },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          },
        );
        sending.on("error", reject);
        for (const chunk of chunks) sending.write(chunk);
        sending.end();
      });
    expect(await post([Buffer.from("[{},"), Buffer.from("{}]")])).toBe(200);
    // A server that has answered may cut the rest off.
    expect([413, "EPIPE", "ECONNRESET"]).toContain(
      await post(new Array<Buffer>(10).fill(Buffer.alloc(MIB, 0x20))).catch((error: NodeJS.ErrnoException) => error.code),
    );
    expect(ingest).toHaveBeenCalledTimes(1);
    expect(await post([Buffer.from("[]")])).toBe(200);
  });

  it("answers what it has in hand before it closes, and nothing after", async () => {
    let finish = (): void => {};
    let begun = (): void => {};
    const started = new Promise<void>((resolve) => (begun = resolve));
    const server = await start(
      apiThat(async () => {
        begun();
        await new Promise<void>((resolve) => (finish = resolve));
        return { accepted: 1, rejected: [] };
      }),
    );
    const answer = fetch(`${server.url}/v1/events`, { method: "POST", body: "[{}]", headers: { "content-type": "application/json" } });
    await started;
    const closed = server.close();
    finish();
    expect((await answer).status).toBe(200);
    await closed;
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow("fetch failed");
  });

  it("says which port is in use, and how to choose another", async () => {
    const app = apiThat(async () => ({ accepted: 0, rejected: [] }));
    const { port } = await start(app);
    const error = await start(app, port).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ message: expect.stringContaining(String(port)), hint: expect.stringContaining("--port") });
  });
});
