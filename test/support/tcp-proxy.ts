import { createServer, connect, type AddressInfo, type Socket } from "node:net";

export type TcpProxy = {
  readonly port: number;
  /** Ends every connection, and takes no new one, until `restore`. */
  cut(): void;
  /** Takes connections and bytes, and hands nothing on, until `restore`. What is open already is ended. */
  hang(): void;
  restore(): void;
  /** Resets the next connection once `bytes` of what its client sends are through. */
  resetAfter(bytes: number): void;
  /** How many resets `resetAfter` has made. */
  resets(): number;
  /** Changes what the server answers, on connections to come. */
  rewrite(change: (answer: Buffer) => Buffer): void;
  stop(): Promise<void>;
};

/** A way to a server on this machine that can fail as networks do. `target` is asked for each connection. */
export async function startTcpProxy(target: () => number, port = 0): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let mode: "through" | "cut" | "hang" = "through";
  let budget: number | null = null;
  let resets = 0;
  let change = (answer: Buffer) => answer;

  const endAll = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    // A reset is what this is for.
    socket.on("error", () => {});
    return socket;
  };
  const server = createServer((client) => {
    keep(client);
    if (mode === "cut") return client.resetAndDestroy();
    if (mode === "hang") return client.resume();
    const upstream = keep(connect(target(), "127.0.0.1"));
    const rewritten = change;
    client.on("data", (chunk: Buffer) => {
      if (budget !== null && chunk.length > budget) {
        upstream.write(chunk.subarray(0, budget));
        budget = null;
        resets += 1;
        upstream.end();
        client.resetAndDestroy();
        return;
      }
      if (budget !== null) budget -= chunk.length;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => client.write(rewritten(chunk)));
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      mode = "cut";
      endAll();
    },
    hang() {
      mode = "hang";
      endAll();
    },
    restore() {
      mode = "through";
      budget = null;
    },
    resetAfter(bytes) {
      budget = bytes;
    },
    resets: () => resets,
    rewrite(how) {
      change = how;
      endAll();
    },
    async stop() {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
