import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { isRecent } from "../../src/store/server.ts";
import { startFront } from "../support/clickhouse-front.ts";

/** A server that is none: it answers everything alike. */
async function startServer(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => answer(response));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const settings = { kind: "server", database: "driftwatch", username: "watcher", password: "not-to-be-shown" } as const;
const opening = (url: string) =>
  openStore({ ...settings, url }).then(
    () => Promise.reject(new Error("It opened.")),
    (error: unknown) => {
      expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain(settings.password);
      return error;
    },
  );

describe("a server", () => {
  it("that is not there", async () => {
    const url = await startServer((response) => response.destroy());
    expect(await opening("http://127.0.0.1:1")).toMatchObject({
      name: "StoreError",
      retryable: true,
      message: "ClickHouse at http://127.0.0.1:1 cannot be reached: ECONNREFUSED",
      hint: expect.stringContaining("store.url"),
    });
    expect(await opening("http://no-such-host.invalid:8123")).toMatchObject({
      name: "StoreError",
      retryable: true,
      message: expect.stringMatching(/cannot be reached: (ENOTFOUND|EAI_AGAIN)/),
    });
    expect(await opening(url)).toMatchObject({
      name: "StoreError",
      retryable: true,
      message: expect.stringMatching(/cannot be reached: ECONNRESET/),
    });
  });

  it("R19 that takes the request and never answers", async () => {
    const url = await startServer(() => {});
    // The client reads its own options from the address.
    expect(await opening(`${url}/?request_timeout=200`)).toMatchObject({
      name: "StoreError",
      retryable: true,
      message: `ClickHouse at ${url} cannot be reached: no answer in time`,
    });
  });

  it("that refuses the password", async () => {
    const url = await startServer((response) =>
      response
        .writeHead(403, { "X-ClickHouse-Exception-Code": "516" })
        .end(
          "Code: 516. DB::Exception: watcher: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)",
        ),
    );
    expect(await opening(url)).toMatchObject({
      name: "StoreError",
      retryable: false,
      message: `ClickHouse at ${url} refuses these credentials.`,
      hint: "Check store.username and store.password.",
    });
  });

  it("that is something else", async () => {
    const url = await startServer((response) =>
      response.writeHead(404, { "Content-Type": "text/html" }).end("<html>\nnothing here\n</html>"),
    );
    expect(await opening(url)).toMatchObject({ name: "StoreError", retryable: false, message: "ClickHouse: <html>" });
  });

  it("that is too busy", async () => {
    const url = await startServer((response) =>
      response
        .writeHead(500, { "X-ClickHouse-Exception-Code": "202" })
        .end("Code: 202. DB::Exception: Too many simultaneous queries. Maximum: 100. (TOO_MANY_SIMULTANEOUS_QUERIES)"),
    );
    expect(await opening(url)).toMatchObject({
      name: "StoreError",
      retryable: true,
      message: expect.stringMatching(/^ClickHouse \(code 202\): Too many/),
    });
  });

  it("R20 whose disk is full", async () => {
    const url = await startServer((response) =>
      response
        .writeHead(500, { "X-ClickHouse-Exception-Code": "243" })
        .end("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)"),
    );
    expect(await opening(url)).toMatchObject({ name: "StoreError", retryable: true, hint: expect.stringContaining("free some space") });
  });
});

describe("the front that stands for a server", () => {
  let front: Awaited<ReturnType<typeof startFront>>;
  beforeAll(async () => {
    front = await startFront();
  });
  afterAll(() => front.stop());

  it("answers pings, compressed questions and compressed inserts", async () => {
    const { url, username, password } = front.settings;
    const client = createClient({ url, username, password, compression: { request: true, response: true } });
    expect(await client.ping()).toEqual({ success: true });
    await client.command({ query: "CREATE TABLE packed (a UInt32, b String) ENGINE = MergeTree ORDER BY a" });
    await client.insert({ table: "packed", values: Array.from({ length: 3_000 }, (_, a) => ({ a, b: "é😀" })), format: "JSONEachRow" });
    const answer = await client.query({ query: "SELECT any(b) AS b FROM packed HAVING sum(a) = 4498500", format: "JSONEachRow" });
    expect(await answer.json()).toMatchObject([{ b: "é😀" }]);
    await client.close();
    const raw = await fetch(`${url}/?query=INSERT+INTO+packed+FORMAT+JSONEachRow`, {
      method: "POST",
      headers: { "content-encoding": "gzip", authorization: `Basic ${btoa(`${username}:${password}`)}` },
      body: gzipSync('{"a":1,"b":"z"}'),
    });
    expect(raw.status).toBe(200);
  });

  it("refuses another password", async () => {
    await expect(openStore({ ...front.settings, password: "other" })).rejects.toMatchObject({
      name: "StoreError",
      retryable: false,
      message: expect.stringContaining("refuses these credentials"),
    });
  });

  it("keeps databases apart, with names that need quoting", async () => {
    const one = await openStore({ ...front.settings, database: "one-`quoted`" });
    const two = await openStore({ ...front.settings, database: "two" });
    await one.insert("label_inbox", [{ model: "m", id: "a", label: "x", label_number: null, time: null, revision: 0, precedence: "0" }]);
    expect(await one.query("SELECT count() AS rows FROM label_inbox")).toEqual([{ rows: 1 }]);
    expect(await two.query("SELECT count() AS rows FROM label_inbox")).toEqual([{ rows: 0 }]);
    await Promise.all([one.close(), two.close()]);
  });
});

describe("a server's version", () => {
  it.each([
    ["26.7.2.1", true],
    ["26.3.1.1", true],
    ["27.1.1.1", true],
    ["26.2.9.9", false],
    ["24.8.1.1", false],
    ["", false],
  ])("%s is recent: %s", (version, expected) => {
    expect(isRecent(version)).toBe(expected);
  });
});
