import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { action, jsonOption, newCommand, note, type Cli, type Global } from "./command.ts";
import { CliFailure } from "./failure.ts";
import { formatTable } from "./table.ts";
import { jsonLines } from "./text.ts";

/** What the builders hand over; they are compiled apart from this program and know nothing of it. */
type Shipped = {
  readonly DASHBOARDS: readonly { readonly file: string; readonly dashboard: { readonly uid?: string; readonly title?: string } }[];
};

/** The same place from src/cli and from dist/cli. */
const BUILT = new URL("../../dist/dashboards/all.js", import.meta.url);

export function dashboardsCommand(cli: Cli) {
  return newCommand("dashboards", "write the Grafana dashboards, for import or for provisioning", [
    "dashboards",
    "dashboards --directory /etc/grafana/dashboards",
  ])
    .option("-d, --directory <directory>", "write them there, over what they were before", "grafana-dashboards")
    .addOption(jsonOption())
    .action(action(cli, (options: { directory: string; json?: boolean } & Global) => writeDashboards(cli, options)));
}

async function writeDashboards({ io }: Cli, { directory, json }: { directory: string; json?: boolean }): Promise<number> {
  const { DASHBOARDS } = await loadDashboards();
  const written: { file: string; uid: string; title: string }[] = [];
  try {
    await mkdir(directory, { recursive: true });
    for (const { file, dashboard } of DASHBOARDS) {
      const path = join(directory, file);
      await writeFile(path, `${JSON.stringify(dashboard, null, 2)}\n`);
      written.push({ file: path, uid: dashboard.uid ?? "", title: dashboard.title ?? "" });
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new CliFailure(`The dashboards cannot be written to ${directory} (${code}).`, "Name a directory that may be written to.");
  }
  io.stdout.write(
    json
      ? jsonLines(written)
      : formatTable(
          [{ title: "file" }, { title: "uid" }, { title: "title", flexible: true }],
          written.map(({ file, uid, title }) => [basename(file), uid, title]),
          io.stdout.columns,
        ),
  );
  note(io, `They are in ${directory}. Import them into a Grafana that has a ClickHouse data source; docs/grafana.md says how.`);
  return 0;
}

async function loadDashboards(): Promise<Shipped> {
  try {
    return (await import(BUILT.href)) as Shipped;
  } catch (error) {
    throw new CliFailure(
      `The dashboards cannot be loaded: ${error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error)}`,
      "They are compiled with the program: run `npm run build` where it was unpacked.",
    );
  }
}
