import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expandMacros } from "../support/grafana/macros.ts";

type Case = { from: number; to: number; interval_ms: number; sql: string; expanded?: string; error?: string };

/** Printed by the macro functions of version 4.20.0; how they find their arguments was rebuilt after the plugin's lexer. */
const { cases } = JSON.parse(readFileSync(new URL("../oracle/grafana-macros.json", import.meta.url), "utf8")) as { cases: Case[] };

/** Where this is stricter on purpose: the plugin passes on what it does not know. */
const STRICTER = new Set(["SELECT '$__', $__fromTimes, '$__all'"]);

describe("macros of the ClickHouse plugin", () => {
  it.each(cases.map((one) => [one.sql, one] as const))("%s", (sql, { from, to, interval_ms: interval, expanded }) => {
    const expand = () => expandMacros(sql, { from, to, interval });
    if (expanded === undefined || STRICTER.has(sql)) expect(expand).toThrow(/\$__/);
    else expect(expand()).toBe(expanded);
  });

  it("does not know a macro that newer or older plugins know", () => {
    for (const macro of ["$__columns(time, name)", "$__lttb(time)", "$__conditionalAll(a, b)", "$__unixEpochFilter(time)"])
      expect(() => expandMacros(`SELECT ${macro}`, { from: 0, to: 1, interval: 1 })).toThrow(/no macro \$__/);
  });

  it("refuses what would make the plugin lose macros", () => {
    for (const sql of ["SELECT 1 -- note", "SELECT /* note */ 1", "SELECT `a` FROM v", "SELECT $a$it's$a$"])
      expect(() => expandMacros(sql, { from: 0, to: 1, interval: 1 })).toThrow(/comments and backticks/);
  });
});
