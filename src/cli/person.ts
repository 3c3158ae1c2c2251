import { userInfo } from "node:os";
import type { Io } from "./io.ts";

/** Who works here, for the record. */
export function person({ env }: Pick<Io, "env">): string | undefined {
  const named = env["USER"] ?? env["LOGNAME"];
  if (named !== undefined && named !== "") return named;
  try {
    return userInfo().username;
  } catch {
    // An account without a name, as in some containers.
    return undefined;
  }
}
