import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import type { Log } from "../log.ts";
import { SECOND } from "../model/time.ts";

/** Why it cannot listen, and what to do about it. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

export type RunningServer = {
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, and resolves once those in hand are answered, at the latest after five seconds. */
  close(): Promise<void>;
};

/** Listens; port 0 takes a free one. Throws a ServerError when it cannot. */
export async function startServer(options: { app: Hono; host: string; port: number; log: Log }): Promise<RunningServer> {
  const { app, host, port, log } = options;
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: { requestTimeout: 60 * SECOND, headersTimeout: 15 * SECOND, keepAliveTimeout: 5 * SECOND },
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(describe(error, host, port)));
    server.listen(port, host, resolve);
  });
  server.on("error", (error) => log.error("the HTTP server reports an error", { error: error.message }));
  const bound = (server.address() as AddressInfo).port;
  // An address that stands for all cannot be visited; this machine can.
  const visible = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;

  function close(): Promise<void> {
    return new Promise((resolve) => {
      const force = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), 5 * SECOND);
      // A connection is idle only once its answer is out, and would then be kept for more.
      const release = setInterval(() => "closeIdleConnections" in server && server.closeIdleConnections(), 50);
      server.close(() => {
        clearTimeout(force);
        clearInterval(release);
        resolve();
      });
    });
  }

  return { url: `http://${visible}:${bound}`, port: bound, close };
}

function describe(error: NodeJS.ErrnoException, host: string, port: number): ServerError {
  const cause = { cause: error };
  switch (error.code) {
    case "EADDRINUSE":
      return new ServerError(
        `Port ${port} on ${host} is in use.`,
        "Another driftwatch may be running: stop it, or choose another port with --port or http.port (0 takes a free one).",
        cause,
      );
    case "EACCES":
      return new ServerError(`Port ${port} may not be opened by this user.`, "Choose one from 1024 up, with --port or http.port.", cause);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new ServerError(
        `${host} is no address of this machine.`,
        "Set http.host to 127.0.0.1, or to 0.0.0.0 for all addresses (this needs http.tokens).",
        cause,
      );
    case undefined:
    default:
      return new ServerError(
        `The HTTP server cannot listen on ${host}:${port} (${error.code ?? error.message}).`,
        "Check http.host and http.port.",
        cause,
      );
  }
}
