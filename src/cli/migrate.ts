import type { Config } from "../model/settings.ts";
import { action, newCommand, type Cli, type Global } from "./command.ts";
import { daemonFilePath, findDaemon } from "./daemon-file.ts";
import type { Io } from "./io.ts";
import { loadSettings } from "./settings.ts";
import { countOf, printableLines } from "./text.ts";

export function migrateCommand(cli: Cli) {
  return newCommand("migrate", "bring the tables of the store up to date, as every start does", [
    "migrate --config production.yaml",
  ]).action(action(cli, (options: Global) => migrateStore(cli.io, loadSettings(cli.io, options.config).config)));
}

async function migrateStore(io: Io, { store: settings }: Config): Promise<number> {
  const path = daemonFilePath(settings);
  const daemon = path === null ? null : await findDaemon(path);
  if (daemon) {
    io.stdout.write(printableLines(`The daemon at ${daemon.url} owns this store, and migrated it when it started.\n`));
    return 0;
  }
  // The engine is large: commands that need none should not wait for it to load.
  const { migrate } = await import("../store/migrate.ts");
  const store =
    settings.kind === "embedded"
      ? await (await import("../store/embedded.ts")).openEmbeddedStore(settings.path)
      : await (await import("../store/server.ts")).openServerStore(settings);
  try {
    const applied = await migrate(store);
    io.stdout.write(
      printableLines(
        `${applied === 0 ? "The store is up to date: nothing to migrate" : `Applied ${countOf(applied, "migration")}`}, at ${store.location}.\n`,
      ),
    );
    return 0;
  } finally {
    await store.close();
  }
}
