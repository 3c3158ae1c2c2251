import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { cli } from "../cli/terminal.ts";
import { spawnDriftwatch } from "../support/daemon.ts";
import { scratchDirectory } from "../support/scratch.ts";

const committed = fileURLToPath(new URL("../../dashboards/json", import.meta.url));
const filesIn = (directory: string) =>
  Object.fromEntries(readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), "utf8")]));

it("writes the committed files, over older ones, in a directory that it makes", async () => {
  const directory = join(scratchDirectory(), "grafana", "dashboards");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "fleet.json"), "{}");
  const { code, out, err } = await cli(["dashboards", "--directory", directory]);
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining(`They are in ${directory}. Import them`) });
  expect(filesIn(directory)).toEqual(filesIn(committed));
  expect(out).toMatch(/^FILE\s+UID\s+TITLE\n/);
  expect(out).toMatch(/^fleet\.json\s+driftwatch-fleet\s+driftwatch: fleet/m);
});

it("tells programs what it wrote, as JSON lines", async () => {
  const directory = scratchDirectory();
  const { code, out } = await cli(["dashboards", "-d", directory, "--json"]);
  expect(code).toBe(0);
  const written = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { file: string; uid: string; title: string });
  expect(written.map(({ file }) => file)).toEqual(Object.keys(filesIn(committed)).map((file) => join(directory, file)));
  for (const { file, uid, title } of written) expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ uid, title });
});

it("says what to do when it cannot write", async () => {
  const file = join(scratchDirectory(), "a-file");
  writeFileSync(file, "");
  expect(await cli(["dashboards", "--directory", join(file, "below")])).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringMatching(/cannot be written to .*a-file.*ENOTDIR.*\n {2}hint: Name a directory/),
  });
});

it("does so as the built program too, by default beside where it is called", async () => {
  const directory = scratchDirectory();
  const { exited } = spawnDriftwatch(directory, ["dashboards"]);
  expect(await exited).toBe(0);
  expect(filesIn(join(directory, "grafana-dashboards"))).toEqual(filesIn(committed));
});
