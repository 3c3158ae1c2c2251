import type { Measurement, MeasurementDetail } from "../model/measurement.ts";
import type { TrafficMetric } from "../model/metric.ts";
import { DAY, formatDuration, SECOND, type Millis, type Window } from "../model/time.ts";
import type { Traffic } from "../model/traffic.ts";
import { levelEvidence } from "../stats/level-evidence.ts";
import { increasePValue } from "../stats/proportion.ts";
import { LEAST_WINDOWS } from "../stats/window-evidence.ts";
import { statusOf } from "./enough-rows.ts";
import { measureService } from "./measure-service.ts";
import { measurement } from "./subject-window.ts";

/** Unknown features that are named. */
const MOST_NAMED = 10;
const WEEK = 7 * DAY;

/** The rows of one version in one window, beside those of all versions together, and what they are compared with. */
export type TrafficWindow = {
  readonly model: string;
  readonly version: string;
  readonly baseline: string;
  readonly window: Window;
  readonly current: Traffic;
  /** Rows of this version in the reference; a file's all hold their ids and know their features. */
  readonly reference: Pick<Traffic, "rows" | "superseded" | "unknownRows">;
  /** The reference covers all the time it should. */
  readonly complete: boolean;
  readonly schema: NonNullable<MeasurementDetail["schema"]>;
  /** All versions together, in this window and in the reference's windows of its length; null where rows of the reference are no measure of traffic. */
  readonly volume: { readonly now: Traffic; readonly windows: readonly (Window & { readonly traffic: Traffic })[] } | null;
  /** This version's own rows in those windows. */
  readonly served: Compared | null;
};

/**
 * What is wrong with the rows as such: features that no reference knows, ids that name several contents, and, beside a
 * stretch of live events, too few rows, too many, or none for too long. How many rows a file holds says nothing about
 * how many should come.
 */
export function measureTraffic(subject: TrafficWindow): Measurement[] {
  const { current, reference, schema } = subject;
  const unknown = [...current.unknown].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, MOST_NAMED);
  const isSkewed = schema.gone.length + schema.added.length + schema.retyped.length > 0;
  return [
    measureShare(subject, "unknown_feature_rate", [reference.unknownRows, reference.rows], [current.unknownRows, current.rows], {
      ...(unknown.length > 0 ? { unknown: unknown.map(([feature, rows]) => ({ feature, rows })) } : {}),
      ...(isSkewed ? { schema } : {}),
    }),
    measureShare(
      subject,
      "conflict_rate",
      [reference.superseded, reference.rows + reference.superseded],
      [current.superseded, current.rows + current.superseded],
      {},
    ),
    ...(subject.volume === null ? [] : measureVolume(subject, subject.volume)),
    ...(subject.served === null ? [] : served(subject, subject.served)),
  ];
}

function served(subject: TrafficWindow, windows: Compared): Measurement[] {
  const { like, chosen } = comparable(
    subject.window,
    windows.filter(({ traffic }) => traffic.rows > 0),
  );
  return measureService(subject, chosen, like);
}

type Counted = readonly [hits: number, rows: number];

function measureShare(
  subject: TrafficWindow,
  metric: TrafficMetric,
  [before, rowsBefore]: Counted,
  [hits, rowsNow]: Counted,
  detail: MeasurementDetail,
): Measurement {
  const rows = { reference: rowsBefore, current: rowsNow };
  const status = statusOf(rows, subject.complete);
  if (status !== "ok") return whole(subject, metric, rows, status, { detail });
  return whole(subject, metric, rows, "ok", {
    value: hits / rowsNow,
    expected: before / rowsBefore,
    pValue: increasePValue(before, rowsBefore, hits, rowsNow),
    evidence: "independent_rows",
    detail: { hits, ...detail },
  });
}

/**
 * Rows of all versions together, since they hand over to each other. `volume_drop` is the share that is missing of the
 * usual number of rows, `volume_rise` how far it is exceeded, `silence_rate` the share of the window after its last row.
 * Each is 0 where nothing is wrong, and `expected` is what the reference's own windows show on average.
 */
function measureVolume(subject: TrafficWindow, { now, windows }: NonNullable<TrafficWindow["volume"]>): Measurement[] {
  const { window } = subject;
  const length = window.to - window.from;
  // What lies before the model's first row is no window without rows.
  const first = windows.findIndex(({ traffic }) => traffic.rows > 0);
  const known = first < 0 ? [] : windows.slice(first);
  const { like, chosen } = comparable(window, known);
  const rows = { reference: chosen.reduce((sum, { traffic }) => sum + traffic.rows, 0), current: now.rows };
  const silence = (traffic: Traffic, to: Millis) => (traffic.last === null ? length : Math.max(0, to - traffic.last));
  const counts = levelEvidence(
    now.rows,
    chosen.map(({ traffic }) => traffic.rows),
  );
  const quiet = levelEvidence(
    silence(now, window.to) / SECOND,
    chosen.map(({ traffic, to }) => silence(traffic, to) / SECOND),
  );
  if (counts === null || quiet === null) {
    const note = `There are fewer than ${LEAST_WINDOWS} windows of ${formatDuration(length)} to compare with.`;
    return (["volume_drop", "volume_rise", "silence_rate"] as const).map((metric) =>
      whole(subject, metric, rows, "insufficient", { detail: { note } }),
    );
  }
  const of = (metric: TrafficMetric, value: (traffic: Traffic, to: Millis) => number, pValue: number, usual: number) =>
    whole(subject, metric, rows, "ok", {
      value: value(now, window.to),
      expected: chosen.reduce((sum, { traffic, to }) => sum + value(traffic, to), 0) / chosen.length,
      pValue,
      evidence: "baseline_windows",
      detail: {
        nullWindows: chosen.length,
        usual: { level: usual, windows: chosen.length, like },
        ...(now.last === null ? {} : { last: now.last }),
      },
    });
  const part = ({ rows: count }: Traffic) => (counts.usual > 0 ? count / counts.usual : 1);
  return [
    of("volume_drop", (traffic) => Math.max(0, 1 - part(traffic)), counts.pLower, counts.usual),
    of("volume_rise", (traffic) => Math.max(0, part(traffic) - 1), counts.pHigher, counts.usual),
    of("silence_rate", (traffic, to) => silence(traffic, to) / length, quiet.pHigher, quiet.usual),
  ];
}

export type Compared = NonNullable<TrafficWindow["volume"]>["windows"];
type Like = NonNullable<MeasurementDetail["usual"]>["like"];

/** The windows to compare with: those at the same place of the week, or of the day, where there are enough; else all. */
function comparable({ from, to }: Window, windows: Compared): { like: Like; chosen: Compared } {
  const isOfHours = to - from < DAY;
  const same = (period: Millis) => windows.filter((one) => (from - one.from) % period === 0);
  const kinds: [Like, Millis][] = isOfHours
    ? [
        ["weekday and hour", WEEK],
        ["hour", DAY],
      ]
    : [["weekday", WEEK]];
  for (const [like, period] of kinds) {
    if (same(period).length >= LEAST_WINDOWS) return { like, chosen: same(period) };
  }
  return { like: "length", chosen: windows };
}

function whole(
  { model, version, baseline, window }: TrafficWindow,
  ...answer: [TrafficMetric, Measurement["rows"], Measurement["status"], Parameters<typeof measurement>[4]]
): Measurement {
  return measurement({ model, version, baseline, window, segment: null, key: { subject: "traffic" } }, ...answer);
}
