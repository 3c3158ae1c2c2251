import type { App } from "../app.ts";

/**
 * The one way of commands to what is stored: the API, of the daemon that owns the store or of one made for this
 * command, so that a command gives the same answer either way.
 */
export type Connection = {
  readonly kind: "daemon" | "in-process";
  /** For messages: a URL, or where the store lies. */
  readonly where: string;
  /** `path` begins with a slash and is encoded. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The program itself; null when it runs elsewhere. */
  readonly app: App | null;
  close(): Promise<void>;
};
