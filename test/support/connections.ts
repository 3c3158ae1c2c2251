import type { App } from "../../src/app.ts";
import { requestWithin } from "../../src/cli/connect.ts";
import type { Connection } from "../../src/cli/connection.ts";
import { silentLog } from "../../src/log.ts";

/** What a command talks to, when it is this program. */
export function connectionWithin(app: App, kind: Connection["kind"] = "in-process"): Connection {
  return {
    kind,
    where: "here",
    app: kind === "in-process" ? app : null,
    request: requestWithin(app, silentLog),
    close: async () => {},
  };
}

/** The same of a program that serves at an address. */
export function connectionAt(url: string): Connection {
  return { kind: "daemon", where: url, app: null, request: (path, init) => fetch(`${url}${path}`, init), close: async () => {} };
}
