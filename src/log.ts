/** One line a fact, as JSON, on stderr: values are escaped by JSON itself, so no event can forge a line. */
export type Log = {
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
};

export function createLog(write: (line: string) => void = (line) => void process.stderr.write(`${line}\n`)): Log {
  const at =
    (level: string) =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}) =>
      write(JSON.stringify({ time: new Date().toISOString(), level, message, ...facts }));
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
