import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RetrainRun } from "../model/retraining.ts";
import type { LauncherSettings } from "../model/settings.ts";
import { formatDuration, MINUTE, SECOND, type Millis } from "../model/time.ts";
import type { JobState, Launcher } from "./launcher.ts";

const SUPERVISOR = fileURLToPath(new URL("./supervise.mjs", import.meta.url));
/** Of its output so much is kept: the end, where what went wrong stands. */
const KEPT_BYTES = 64 * 1024;
/** Between being asked to end and being made to. */
const GRACE = 10 * SECOND;
/** A supervisor that has not written down its own number by then never ran. */
const BEGINS_WITHIN = MINUTE;
const TOLD = 400;
/** No JSON that is read here is longer: output that is kept, each byte of it escaped. */
const LONGEST = 8 * KEPT_BYTES;

/** What a supervisor leaves behind: who it is, and as soon as there is one, who its command is. */
type Process = { readonly pid: number; readonly started: string | null; readonly command?: Process };
type Result = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly error: string | null;
  readonly ended: "timeout" | "stopped" | null;
  readonly output: string;
};

/**
 * Runs a program, without a shell, under a supervisor of its own that a restart of the daemon does not touch. A run's
 * directory is made before anything is started, and only once: whoever finds it there starts nothing.
 */
export function createCommandLauncher(settings: Extract<LauncherSettings, { type: "command" }>): Launcher {
  // Ids are hashes, never text from outside; the check keeps it so.
  const placeOf = ({ id }: RetrainRun) => {
    if (!/^[0-9a-f]{64}$/.test(id)) throw new Error("a run's id is a hash");
    return join(settings.directory, id);
  };

  return {
    async launch({ run, body }) {
      const place = placeOf(run);
      const launched = { outcome: "launched", externalId: place, externalUrl: "" } as const;
      try {
        mkdirSync(settings.directory, { recursive: true, mode: 0o700 });
        mkdirSync(place, { mode: 0o700 });
      } catch (error) {
        const { code = "unknown" } = error as NodeJS.ErrnoException;
        if (code === "EEXIST") return { ...launched, detail: "it was begun before" };
        return {
          outcome: "failed",
          detail: `The directory ${settings.directory} cannot be made (${code}): name another as \`directory\`.`,
        };
      }
      writeFileSync(join(place, "request.json"), body, { mode: 0o600 });
      writeFileSync(
        join(place, "order.json"),
        JSON.stringify({
          command: settings.command,
          timeout: settings.timeout,
          grace: GRACE,
          keep: KEPT_BYTES,
          env: {
            DRIFTWATCH_RUN: run.id,
            DRIFTWATCH_MODEL: run.model,
            DRIFTWATCH_DIRECTORY: place,
            DRIFTWATCH_REQUEST: join(place, "request.json"),
            DRIFTWATCH_OUTCOME: join(place, "outcome.json"),
          },
        }),
        { mode: 0o600 },
      );
      const supervisor = spawn(process.execPath, [SUPERVISOR, place], { detached: true, stdio: "ignore", shell: false });
      supervisor.unref();
      return new Promise((resolve) => {
        supervisor.once("spawn", () => resolve({ ...launched, detail: "the command was started" }));
        supervisor.once("error", () => resolve({ outcome: "failed", detail: "No process could be started." }));
      });
    },

    async poll(run, at): Promise<JobState> {
      const place = placeOf(run);
      const result = readJson(join(place, "result.json")) as Result | null;
      if (result !== null)
        return judge(result, settings.timeout, (readJson(join(place, "outcome.json")) as { version?: unknown } | null)?.version);
      const pid = readJson(join(place, "pid.json")) as Process | null;
      const running = livingOf(pid);
      if (running !== null) return { state: "running", detail: `process ${running.pid}` };
      // It may have ended between the two looks.
      if (existsSync(join(place, "result.json"))) return { state: "unknown", detail: "it has just ended" };
      if (pid === null && at - (run.attemptedAt ?? at) < BEGINS_WITHIN) return { state: "unknown", detail: "it has not begun yet" };
      return {
        state: "failed",
        detail:
          pid === null ? "It was cut off before it began." : "Its process is gone without a result, as after a restart of the machine.",
        version: null,
      };
    },

    async stop(run) {
      const pid = readJson(join(placeOf(run), "pid.json")) as Process | null;
      const running = livingOf(pid);
      if (running === null) return "Its process was gone already.";
      // Without its supervisor a command is the head of its group still.
      process.kill(running === pid ? pid.pid : -running.pid, "SIGTERM");
      return `Process ${running.pid} was told to end.`;
    },
  };
}

function judge(result: Result, timeout: Millis, version: unknown): JobState {
  const end = result.output.trim().slice(-TOLD);
  const said = end === "" ? "" : ` It said: ${end}`;
  if (result.code === 0 && result.ended === null)
    return {
      state: "succeeded",
      detail: `The command is done.${said}`,
      version: typeof version === "string" && version !== "" ? version.slice(0, 200) : null,
    };
  const why =
    result.error !== null
      ? `The command could not be run (${result.error}).`
      : result.ended === "timeout"
        ? `The command took longer than ${formatDuration(timeout)}, and was ended.`
        : result.ended === "stopped"
          ? "The command was stopped."
          : `The command ended with ${result.signal ?? `code ${result.code}`}.`;
  return { state: "failed", detail: `${why}${said}`, version: null };
}

/** Null when it is not there, cut off, or no file that ends soon: a command may leave anything. */
function readJson(path: string): unknown {
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > LONGEST) return null;
    return JSON.parse(readFileSync(path, "utf8")) as unknown;
  } catch {
    return null;
  }
}

/** The supervisor, or the command that outlived it; null when both are gone. */
function livingOf(supervisor: Process | null): Process | null {
  return [supervisor, supervisor?.command].find((one) => one && lives(one)) ?? null;
}

function lives({ pid, started }: Process): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  if (started === null) return true;
  try {
    const [state, ...rest] = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "").split(" ");
    return state !== "Z" && rest[18] === started;
  } catch {
    return false;
  }
}
