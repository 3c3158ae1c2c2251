// Runs one command for driftwatch, in a process of its own that outlives a restart of the daemon:
//   node supervise.mjs DIRECTORY
// The directory holds order.json; pid.json and result.json are left there. Plain JavaScript, so that it runs as it lies.
import { spawn } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv[2] ?? ".";
const { command, env, timeout, grace, keep } = JSON.parse(readFileSync(join(directory, "order.json"), "utf8"));

function leave(name, content) {
  const path = join(directory, name);
  writeFileSync(`${path}.part`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

// A number alone may be another process by the time somebody looks; with the time it was started at it is not.
function startedAt(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

let ended = null;
let child = null;

function signalGroup(signal) {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It is gone already.
  }
}

function end(why) {
  ended ??= why;
  signalGroup("SIGTERM");
  setTimeout(() => signalGroup("SIGKILL"), grace).unref();
}

// Before anybody knows the number to signal to.
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => end("stopped"));
const own = { pid: process.pid, started: startedAt(process.pid) };
leave("pid.json", own);

let tail = Buffer.alloc(0);
let dropped = 0;
function take(chunk) {
  tail = Buffer.concat([tail, chunk]);
  if (tail.length <= keep) return;
  dropped += tail.length - keep;
  tail = tail.subarray(tail.length - keep);
}

const [program, ...args] = command;
// Detached makes it the head of a group of its own: what it starts ends with it.
child = spawn(program, args, {
  env: { ...process.env, ...env },
  detached: true,
  shell: false,
  stdio: ["ignore", "pipe", "pipe"],
});
// Whoever finds this process killed has to know that the command goes on.
if (child.pid !== undefined) leave("pid.json", { ...own, command: { pid: child.pid, started: startedAt(child.pid) } });
child.stdout.on("data", take);
child.stderr.on("data", take);

const limit = setTimeout(() => end("timeout"), timeout);

function finish(result) {
  clearTimeout(limit);
  leave("result.json", { ...result, ended, dropped, output: tail.toString() });
  process.exit(0);
}

child.on("error", (error) => finish({ code: null, signal: null, error: error.code ?? "unknown" }));
// What the command left running holds its output open: it ends with the command. What left its group cannot be ended, and is not waited for.
child.on("exit", (code, signal) => {
  signalGroup("SIGKILL");
  setTimeout(() => finish({ code, signal, error: null }), grace);
});
child.on("close", (code, signal) => finish({ code, signal, error: null }));
