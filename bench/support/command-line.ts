import { parseArgs, type ParseArgsConfig } from "node:util";

/** The program's options and names. Asked for `--help`, or for what there is not, it says what there is and ends. */
export function readCommandLine<Config extends ParseArgsConfig>(help: string, config: Config): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.includes("--help")) end(0, help);
  try {
    return parseArgs(config);
  } catch (cause) {
    return end(2, `${cause instanceof Error ? cause.message : String(cause)}\n\n${help}`);
  }
}

function end(status: number, text: string): never {
  (status === 0 ? process.stdout : process.stderr).write(text);
  process.exit(status);
}
