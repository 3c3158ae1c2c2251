import { createApp, type App } from "../app.ts";
import type { Log } from "../log.ts";
import type { Config } from "../model/settings.ts";
import type { Connection } from "./connection.ts";
import { daemonFilePath, findDaemon } from "./daemon-file.ts";
import { createSite } from "./serve.ts";

/**
 * The one way of a command to data: the API. An embedded store has one owner, so where a daemon is alive its API is
 * asked over HTTP; else the store is opened here and the same API answers within this process.
 */
export async function connect(config: Config, options: { log: Log }): Promise<Connection> {
  const path = daemonFilePath(config.store);
  const daemon = path === null ? null : await findDaemon(path);
  if (daemon !== null) {
    return {
      kind: "daemon",
      where: daemon.url,
      request: (target, init) => fetch(`${daemon.url}${target}`, withToken(init, daemon.token)),
      app: null,
      close: async () => {},
    };
  }
  // No sources and no ticking: the command alone decides what happens to the store.
  const app = await createApp(config, { log: options.log, sources: [], tickEvery: null, effects: false });
  try {
    await app.start();
  } catch (error) {
    await app.stop();
    throw error;
  }
  return { kind: "in-process", where: app.store.location, request: requestWithin(app, options.log), app, close: () => app.stop() };
}

/** Requests that a program of this process answers. */
export function requestWithin(app: App, log: Log): Connection["request"] {
  const site = createSite(app, { log });
  return async (target, init) => site.request(target, withToken(init, app.localToken));
}

function withToken(init: RequestInit | undefined, token: string): RequestInit {
  const headers = new Headers(init?.headers);
  headers.set("authorization", `Bearer ${token}`);
  return { ...init, headers };
}
