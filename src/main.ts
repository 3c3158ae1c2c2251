import type { Io, Sink } from "./cli/io.ts";
import { runCli } from "./cli/program.ts";

/** A reader that has seen enough (`| head`) closes the pipe: what follows is written to nobody, and that is no error. */
function sinkOf(stream: NodeJS.WriteStream): Sink {
  let closed = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    closed = true;
  });
  return {
    write: (text) => {
      if (!closed) stream.write(text);
    },
    drained: () =>
      new Promise((resolve) => {
        if (closed || !stream.writableNeedDrain) resolve();
        else for (const event of ["drain", "close", "error"]) stream.once(event, () => resolve());
      }),
    get columns() {
      return stream.isTTY ? (stream.columns ?? null) : null;
    },
  };
}

const io: Io = {
  stdout: sinkOf(process.stdout),
  stderr: Object.assign(sinkOf(process.stderr), { terminal: process.stderr.isTTY ? process.stderr : null }),
  env: process.env,
  now: Date.now,
  // Loaded when needed: the engine is large, and `--help` should not wait for it.
  connect: async (config, options) => (await import("./cli/connect.ts")).connect(config, options),
  runDaemon: async (options) => (await import("./cli/run.ts")).runDaemon(options),
  playToKafka: async (options) => (await import("./cli/demo-kafka.ts")).playToKafka(options),
  runDemo: async (options) => (await import("./cli/demo.ts")).runDemo(options),
};

const exitCode = await runCli(process.argv.slice(2), io);
// The engine's threads and idle connections would keep the process alive; what was written goes out first.
process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
