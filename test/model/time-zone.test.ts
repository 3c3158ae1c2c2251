import { describe, expect, it } from "vitest";
import { parseFieldPath, valueAtPath } from "../../src/model/field-path.ts";
import { fromWallClock, isTimeZone } from "../../src/model/time-zone.ts";

const wall = (text: string) => Date.parse(`${text}Z`);
const told = (text: string, zone: string) => new Date(fromWallClock(wall(text), zone)).toISOString();

describe("wall clocks", () => {
  it.each([
    ["2026-01-15T12:00:00", "Europe/Zagreb", "2026-01-15T11:00:00.000Z"],
    ["2026-07-15T12:00:00", "Europe/Zagreb", "2026-07-15T10:00:00.000Z"],
    ["2026-07-15T12:00:00.123", "America/New_York", "2026-07-15T16:00:00.123Z"],
    ["2026-07-15T12:00:00", "Asia/Kathmandu", "2026-07-15T06:15:00.000Z"],
    ["2026-07-15T12:00:00", "UTC", "2026-07-15T12:00:00.000Z"],
    // On 29 March 2026 clocks go from 2 to 3, on 25 October from 3 to 2.
    ["2026-03-29T01:59:59", "Europe/Zagreb", "2026-03-29T00:59:59.000Z"],
    ["2026-03-29T02:30:00", "Europe/Zagreb", "2026-03-29T01:30:00.000Z"],
    ["2026-03-29T03:00:00", "Europe/Zagreb", "2026-03-29T01:00:00.000Z"],
    ["2026-10-25T02:30:00", "Europe/Zagreb", "2026-10-25T00:30:00.000Z"],
    ["2026-10-25T03:00:00", "Europe/Zagreb", "2026-10-25T02:00:00.000Z"],
    ["2026-11-01T01:30:00", "America/New_York", "2026-11-01T05:30:00.000Z"],
    ["2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:45:00.000Z"],
  ])("%s in %s is %s", (text, zone, expected) => {
    expect(told(text, zone)).toBe(expected);
  });

  it("are known by the names of their zones", () => {
    expect(["Europe/Zagreb", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5"].map(isTimeZone)).toEqual([true, true, true, true]);
    expect(["Middle/Earth", "+01:00", "", "../etc/passwd", "Europe/Zagreb\n"].map(isTimeZone)).toEqual([false, false, false, false, false]);
  });
});

describe("paths", () => {
  it.each([
    ["a", ["a"]],
    ["a.b[0].c", ["a", "b", 0, "c"]],
    ["[0][1]", [0, 1]],
    ["sepal length.x", ["sepal length", "x"]],
    ['["a.b"].c', ["a.b", "c"]],
    ['a["x[0]"]["say \\"hi\\""]', ["a", "x[0]", 'say "hi"']],
    ["__proto__", ["__proto__"]],
  ])("%s is read", (text, path) => {
    expect(parseFieldPath(text)).toEqual(path);
  });

  it.each(["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", 'a["b]', "a[0]b", 'a"b', "a.".repeat(16) + "a"])("%j is none", (text) => {
    expect(parseFieldPath(text)).toBeNull();
  });

  it("find what JSON holds, and nothing that objects have besides", () => {
    const root: unknown = JSON.parse('{"a":{"b":[1,{"c":null}]},"__proto__":{"x":1}}');
    const at = (text: string) => valueAtPath(root, parseFieldPath(text) ?? []);
    expect([at("a.b[0]"), at("a.b[1].c"), at("__proto__.x")]).toEqual([1, null, 1]);
    for (const text of ["a.b.length", "a.b[2]", "a[0]", "constructor", "a.toString", "a.b[0].c", "a.__proto__"])
      expect(at(text), text).toBeUndefined();
  });
});
