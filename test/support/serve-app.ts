import type { App } from "../../src/app.ts";
import { serveApp as serve } from "../../src/cli/serve.ts";
import { silentLog } from "../../src/log.ts";

/** The program's own HTTP server on a free port. */
export function serveApp(app: App): Promise<{ url: string; close(): Promise<void> }> {
  return serve(app, { host: "127.0.0.1", port: 0, log: silentLog });
}
