import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { load, loaded } from "../config/workplace.ts";
import { cli } from "../cli/terminal.ts";

const text = readFileSync(new URL("../../docs/segments.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...text.matchAll(new RegExp("```" + language + "\\n([\\s\\S]*?)```", "g"))].map((match) => match[1] ?? "");
const [models = "", rules = ""] = blocks("yaml");

test("the configuration of docs/segments.md loads, and its rules are about segments", () => {
  const config = loaded(load(`${models}    baselines: {training: {window: 7d}}\nalerts: [rules.yaml]\n`, { "rules.yaml": rules }));
  expect(config.models.get("flight-delay")?.segments?.map(({ kind }) => kind)).toEqual(["by", "by", "by", "where"]);
  expect(config.rules.map(({ measure }) => measure.segments)).toEqual([["carrier"], "each"]);
});

test("every command of docs/segments.md has the options it is shown with", async () => {
  const commands = blocks("sh").flatMap((block) => [...block.matchAll(/^npx driftwatch (\S+) (.*)$/gm)]);
  expect(commands.length).toBeGreaterThan(3);
  for (const [, command = "", options = ""] of commands) {
    const help = (await cli([command, "--help"], {})).out;
    for (const [option] of options.matchAll(/--[a-z]+/g)) expect(help, `${command} ${option}`).toContain(option);
  }
});
