import { createServer } from "node:http";
import { createServer as createSocketServer } from "node:net";
import { describe, expect, it } from "vitest";
import { parseAddress, parseAddressRange } from "../../src/model/address.ts";
import { createCall, type Resolve } from "../../src/notify/guarded-call.ts";
import { receiverOfFile } from "../support/receiver-of-file.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

const receiver = await receiverOfFile();
const { port } = new URL(receiver.url);

const to = (host: string, options: { allow?: string[]; resolve?: Resolve } = {}) =>
  createCall({ allow: options.allow ?? [], ...(options.resolve ? { resolve: options.resolve } : {}) })({
    url: `http://${host}:${port}/hook`,
    method: "POST",
    body: "{}",
    timeout: 3_000,
  });

/** Ways to write an address that is not on the public network. */
const NOT_PUBLIC = `
  127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 127.255.255.254 %31%32%37.1
  ①②⑦.⓪.⓪.① 127。0。0。1 0 0.0.0.0 0x0 00000000 0.255.255.255 localhost LOCALHOST
  10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255 3232235521 0xa000001
  100.64.0.1 100.127.255.255 169.254.169.254 169.254.0.1 2852039166 192.0.0.1 192.0.0.192 198.18.0.1
  198.19.255.255 192.0.2.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
  [::1] [0:0:0:0:0:0:0:1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:a9fe:a9fe] [::ffff:10.0.0.1]
  [::127.0.0.1] [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::a00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::]
  [2002:a00:1::1] [2001:0:4136:e378:8000:63bf:80ff:fffe] [fc00::1] [fd12:3456::1] [fe80::1] [fec0::1] [ff02::1]
  [2001:db8::1] [100::1] [3fff::1] [5f00::1] [4000::1] [::2]`
  .trim()
  .split(/\s+/);

describe("R46 what a call may reach", () => {
  it("R46 is no address off the public network, however it is written: 60 forms and more, no connection", async () => {
    expect(new Set(NOT_PUBLIC).size).toBeGreaterThan(60);
    for (const host of NOT_PUBLIC)
      expect({ host, ...(await to(host)) }).toEqual({
        host,
        kind: "failed",
        reason: "forbidden",
        detail: expect.stringMatching(
          /^not called: an address of its host is not public \([\w -]+\).*outgoing: \{allow: \[…\]\}/,
        ) as string,
      });
    expect(receiver.requests).toHaveLength(0);
  });

  it("R46 is asked of the resolver once, so a name that changes its answer gains nothing", async () => {
    // Nothing listens on the first: what matters is that nobody is asked again.
    const answers = [[{ address: "127.0.0.2", family: 4 }], [{ address: "127.0.0.1", family: 4 }]];
    let asked = 0;
    const resolve: Resolve = async () => answers[asked++] ?? [];
    expect(await to("rebind.example", { allow: ["127.0.0.2"], resolve })).toMatchObject({ reason: "unreachable" });
    expect(asked).toBe(1);
    expect(receiver.requests).toHaveLength(0);
  });

  it("R46 is nothing, where one of several addresses of a host may not be called", async () => {
    const resolve: Resolve = async () => [
      { address: "93.184.215.14", family: 4 },
      { address: "::ffff:127.0.0.1", family: 6 },
    ];
    expect(await to("mixed.example", { resolve })).toMatchObject({ reason: "forbidden" });
    expect(receiver.requests).toHaveLength(0);
  });

  it("R46 is not where a redirect leads", async () => {
    const second = await startWebhookReceiver();
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        receiver.answerWith({ status, headers: { location: second.url } });
        expect(await to("127.0.0.1", { allow: ["127.0.0.1"] })).toMatchObject({ kind: "answer", status });
      }
      expect(second.requests).toHaveLength(0);
    } finally {
      await second.stop();
    }
  });

  it("is the address that was judged, under the name that was asked for", async () => {
    const resolve: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    expect(await to("receiver.example", { allow: ["127.0.0.0/8"], resolve })).toMatchObject({ kind: "answer", status: 200, body: "noted" });
    expect(receiver.requests[0]?.headers.host).toBe(`receiver.example:${port}`);
  });

  it.each([
    ["127.0.0.1", ["127.0.0.1"], true],
    ["127.0.0.1", ["127.0.0.0/8"], true],
    ["127.0.0.1", ["0.0.0.0/0"], true],
    ["[::ffff:127.0.0.1]", ["127.0.0.1/32"], true],
    ["127.0.0.1", ["::ffff:127.0.0.0/104"], true],
    ["127.0.0.1", ["10.0.0.0/8", "::/0"], false],
    ["127.0.0.1", ["127.0.0.2", "127.0.0.0/32"], false],
  ])("is %s where %j is allowed: %s", async (host, allow, reached) => {
    expect((await to(host, { allow })).kind).toBe(reached ? "answer" : "failed");
  });
});

describe("a call", () => {
  it("sends the credentials of its URL as a header, and no secret in what it answers", async () => {
    const call = createCall({ allow: ["127.0.0.1"] });
    await call({ url: receiver.url.replace("://", "://us%40er:pa%3Ass@"), method: "GET" });
    expect(receiver.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from("us@er:pa:ss").toString("base64")}`);
    const refused = await call({ url: "http://user:hunter2@127.0.0.1:1/token-abc", method: "GET" });
    expect(refused).toEqual({ kind: "failed", reason: "unreachable", detail: "not reached (ECONNREFUSED)" });
  });

  it("gives up a receiver that hangs, and a lookup that does", async () => {
    receiver.answerWith("hang");
    const call = createCall({ allow: ["127.0.0.1"] });
    expect(await call({ url: receiver.url, method: "GET", timeout: 50 })).toMatchObject({ reason: "timeout" });
    const deaf = createCall({ allow: [], resolve: () => new Promise(() => {}) });
    expect(await deaf({ url: "http://slow.example/", method: "GET", timeout: 50 })).toMatchObject({ reason: "timeout" });
  });

  it("gives up a receiver that turns to another protocol", async () => {
    const turning = createSocketServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"));
    });
    await new Promise<void>((ready) => {
      turning.listen(0, "127.0.0.1", ready);
    });
    const address = turning.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`;
    expect(await createCall({ allow: ["127.0.0.1"] })({ url, method: "GET", timeout: 200 })).toMatchObject({ reason: "timeout" });
    turning.close();
  });

  it("keeps a megabyte of an answer that does not end", async () => {
    const endless = createServer((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(100_000)));
      };
      response.on("drain", more);
      more();
    });
    await new Promise<void>((ready) => {
      endless.listen(0, "127.0.0.1", ready);
    });
    const address = endless.address();
    const result = await createCall({ allow: ["127.0.0.1"] })({
      url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`,
      method: "GET",
    });
    expect(result).toMatchObject({ kind: "answer", status: 200 });
    expect(result.kind === "answer" && result.body.length).toBe(1_000_000);
    endless.closeAllConnections();
    endless.close();
  });

  it("takes no line break into a header", async () => {
    const call = createCall({ allow: ["127.0.0.1"] });
    const result = await call({ url: receiver.url, method: "GET", headers: { "x-name": "a\r\nx-evil: 1" } });
    expect(result).toMatchObject({ kind: "failed", reason: "unreachable" });
    expect(receiver.requests).toHaveLength(0);
  });
});

describe("addresses", () => {
  it.each(["", "1.2.3", "1.2.3.4.5", "::g", "example.com", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "10.0.0.0/-1"])(
    "%j is no range",
    (text) => {
      expect(parseAddressRange(text)).toBeNull();
    },
  );

  it("are numbers", () => {
    expect(parseAddress("1.2.3.4")).toEqual({ family: 4, value: 0x01_02_03_04n });
    expect(parseAddress("2001:db8::ff00:42:8329")).toEqual({ family: 6, value: 0x20010db8000000000000ff0000428329n });
    expect(parseAddress("1:2:3:4:5:6:7:8")).toEqual({ family: 6, value: 0x00010002000300040005000600070008n });
    expect(parseAddress("64:ff9b::8.8.8.8")).toEqual({ family: 4, value: 0x08_08_08_08n });
    expect(parseAddress("no")).toBeNull();
  });
});
