/** Grafana's names of colours, in shades of our own. */
const SHADES: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  red: ["#8e1722", "#c02637", "#d9364a", "#f0727f", "#f7a9b1"],
  orange: ["#a84300", "#d95f02", "#ef7d17", "#f79f4d", "#fbc590"],
  yellow: ["#a67c00", "#c99700", "#dfb011", "#eccb4f", "#f5e29a"],
  green: ["#1d6b2f", "#2a8a3f", "#3da553", "#76c487", "#b1dfba"],
  blue: ["#174a8f", "#1f62bd", "#3379d4", "#74a5e6", "#b1cdf3"],
  purple: ["#5b2a83", "#7a3fac", "#9457c9", "#b78bdd", "#d8bfee"],
};
const ORDER = ["dark-", "semi-dark-", "", "light-", "super-light-"];
const NAMED: Readonly<Record<string, string>> = {
  text: "#24292e",
  gray: "#8b949e",
  grey: "#8b949e",
  white: "#ffffff",
  black: "#111111",
  transparent: "transparent",
};

export const PALETTE: readonly string[] = [
  "#2f6fdb",
  "#d9822b",
  "#3a9a5b",
  "#c0395a",
  "#7a53b5",
  "#0f8f9c",
  "#a68a00",
  "#8a5a44",
  "#5f7f2f",
  "#b5508f",
];

/** A colour to draw with; what is no colour is drawn in grey. */
export function colourOf(name: string): string {
  if (/^(?:#[0-9a-fA-F]{3,8}|rgba?\([\d., ]+\))$/.test(name)) return name;
  const found = /^(super-light-|light-|semi-dark-|dark-|)(\w+)$/.exec(name);
  return SHADES[found?.[2] ?? ""]?.[ORDER.indexOf(found?.[1] ?? "")] ?? NAMED[name] ?? "#8b949e";
}
