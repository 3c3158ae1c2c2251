import { MappingType, ThresholdsConfigBuilder, ThresholdsMode, type ValueMapping } from "@grafana/grafana-foundation-sdk/dashboard";

/** One meaning a colour, on all dashboards. */
export const COLOURS = {
  fine: "green",
  watch: "yellow",
  soon: "orange",
  bad: "red",
  worst: "dark-red",
  unknown: "blue",
  over: "gray",
  quiet: "rgba(115, 191, 105, 0.3)",
  plain: "text",
} as const;

type Colour = (typeof COLOURS)[keyof typeof COLOURS];

/** Words, each with its colour. */
export function words(meanings: Readonly<Record<string, { readonly colour: Colour; readonly text?: string }>>): ValueMapping[] {
  return [
    {
      type: MappingType.ValueToText,
      options: Object.fromEntries(
        Object.entries(meanings).map(([value, { colour, text }], index) => [
          value,
          { ...(text === undefined ? {} : { text }), color: colour, index },
        ]),
      ),
    },
  ];
}

/** Colours from a first value up; the first of them holds below all others. */
export function steps(base: Colour, ...from: readonly (readonly [number, Colour])[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...from.map(([value, color]) => ({ value, color }))]);
}

/** Effects from which on the shipped rules fire. */
export const FIRES_AT = { wasserstein: 0.2, psi: 0.1, out_of_range_rate: 0.1, missing_rate: 0.2, unseen_rate: 0.2 } as const;

/** Effects at which drift takes the next colour: more than none, and where rules fire on categories, on numbers; then far beyond. */
export const DRIFT_STEPS = [
  [0.000_001, COLOURS.watch],
  [FIRES_AT.psi, COLOURS.soon],
  [FIRES_AT.wasserstein, COLOURS.bad],
  [0.8, COLOURS.worst],
] as const;

export const ALERT_STATES = words({
  firing: { colour: COLOURS.bad },
  recovering: { colour: COLOURS.soon },
  pending: { colour: COLOURS.watch },
  resolved: { colour: COLOURS.over },
});

export const SEVERITIES = words({
  critical: { colour: COLOURS.bad },
  warning: { colour: COLOURS.soon },
  info: { colour: COLOURS.unknown },
});
