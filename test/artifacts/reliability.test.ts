import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const filesOf = (directory: string) =>
  readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ name: `${directory}/${file}`, text: read(`${directory}/${file}`) }));

test("every row of docs/reliability.md has its test, in the file it names", () => {
  const rows = [...read("docs/reliability.md").matchAll(/^\| (R\d+) \|.*?\| ([^|]*`[^|]*) \|[^|]*\|$/gm)].map(
    ([, row = "", files = ""]) => ({
      row,
      files: [...files.matchAll(/`([\w/-]+)`/g)].map(([, file = ""]) => file),
    }),
  );
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const expected = [...numbers(1, 12), ...numbers(13, 25), ...numbers(28, 37), ...numbers(41, 50), 56].map((number) => `R${number}`);
  expect(rows.map(({ row }) => row).sort()).toEqual(expected.sort());
  const titled = (file: string, row: string) =>
    new RegExp(`(?:test|it|describe)[^\\n]*\\(\\s*["'\`]${row} `).test(
      ["", ".test"]
        .map((end) => `test/${file}${end}.ts`)
        .reduce((text, path) => text + (existsSync(join(root, path)) ? read(path) : ""), ""),
    );
  for (const { row, files } of rows)
    for (const file of files) expect(`${row} in ${file}: ${titled(file, row)}`).toBe(`${row} in ${file}: true`);
});

test("R24 no setting of a statement holds a value from outside: they are literals of the SQL, and of two connections", () => {
  for (const { name, text } of filesOf("src")) {
    if (name !== "src/store/server.ts") expect(`${name}: ${text.includes("clickhouse_settings")}`).toBe(`${name}: false`);
    for (const [clause] of text.matchAll(/\bSETTINGS [^\n`"]*/g)) expect(`${name}: ${clause}`).not.toContain("${");
  }
});
