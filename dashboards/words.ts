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
export const FIRES_AT = { wasserstein: 0.07, psi: 0.03, out_of_range_rate: 0.1, missing_rate: 0.2, unseen_rate: 0.2 } as const;

/** Effects at which drift takes the next colour and word: more than none, and where rules fire on categories, on numbers; then far beyond. */
export const DRIFT_STEPS = [
  [0.000_001, COLOURS.watch, `more than chance, below ${FIRES_AT.psi}`],
  [FIRES_AT.psi, COLOURS.soon, `${FIRES_AT.psi} or more: what rules ask of categories`],
  [FIRES_AT.wasserstein, COLOURS.bad, `${FIRES_AT.wasserstein} or more: what rules ask of numbers`],
  [4 * FIRES_AT.wasserstein, COLOURS.worst, `${4 * FIRES_AT.wasserstein} or more: four times that`],
] as const;

/** What an effect means that is shown as it is where it is more than chance, else as 0, and as -1 where nobody can tell. */
export const DRIFT_STATES: readonly ValueMapping[] = [
  ...words({ "-1": { colour: COLOURS.unknown, text: "too few rows to tell" }, "0": { colour: COLOURS.quiet, text: "as expected" } }),
  // Ends are in their ranges and the first range counts, so the highest comes first. One without an end matches nothing.
  ...DRIFT_STEPS.map(([from, color, text], index): ValueMapping => ({
    type: MappingType.RangeToText,
    options: { from, to: DRIFT_STEPS[index + 1]?.[0] ?? Number.MAX_VALUE, result: { text, color, index: index + 2 } },
  })).reverse(),
];

/** A value of each state, in the order of their key. */
export const DRIFT_KEY = [0, ...DRIFT_STEPS.map(([from]) => from), -1];

export const ALERT_STATES = words({
  firing: { colour: COLOURS.bad },
  recovering: { colour: COLOURS.soon },
  pending: { colour: COLOURS.watch },
  resolved: { colour: COLOURS.over },
  retired: { colour: COLOURS.over },
});

export const SEVERITIES = words({
  critical: { colour: COLOURS.bad },
  warning: { colour: COLOURS.soon },
  info: { colour: COLOURS.unknown },
});
