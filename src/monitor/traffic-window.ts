import type { Traffic } from "../model/traffic.ts";
import { floorTo, type Window } from "../model/time.ts";
import type { Ground } from "./ground.ts";
import type { TrafficWindow } from "./measure-traffic.ts";
import type { Compared } from "./references.ts";
import type { SubjectWindow } from "./subject-window.ts";

/** What came in a window, and what it is compared with. */
export async function trafficWindow(
  { state, references }: Ground,
  compared: Compared,
  subjects: readonly SubjectWindow[],
): Promise<TrafficWindow> {
  const { settings, version, window, history } = compared;
  const current = history.traffic([window], version);
  const { reference, stretch } = await references.traffic(compared, subjects);
  return {
    model: state.settings.name,
    version,
    baseline: settings.name,
    window,
    current,
    reference,
    complete: subjects.every(({ complete }) => complete),
    schema: schemaChanges(subjects, current),
    volume: stretch && {
      now: history.traffic([window]),
      windows: windowsBefore(window, stretch.span).map((one) => ({ ...one, traffic: stretch.traffic([one]) })),
    },
    served: stretch && windowsBefore(window, stretch.span).map((one) => ({ ...one, traffic: stretch.traffic([one], version) })),
  };
}

/** The windows within a stretch that lie a whole number of their lengths before or after this one. */
function windowsBefore({ from, to }: Window, stretch: Window): Window[] {
  const length = to - from;
  const windows: Window[] = [];
  for (let start = from - floorTo(from - stretch.from, length); start + length <= stretch.to; start += length) {
    if (start !== from) windows.push({ from: start, to: start + length });
  }
  return windows;
}

/** Names told of each kind of change. */
const MOST_NAMES = 20;

/** Features without a value that had one, features that no reference knows, and features most of whose values are of another type. */
function schemaChanges(subjects: readonly SubjectWindow[], current: Traffic): TrafficWindow["schema"] {
  const features = subjects.filter(({ key }) => key.subject === "feature");
  const names = (list: readonly SubjectWindow[]) =>
    list.slice(0, MOST_NAMES).map(({ key }) => (key.subject === "feature" ? key.feature : ""));
  return {
    gone: names(
      features.filter(
        (one) => one.current.rows > 0 && one.current.missing === one.current.rows && one.reference.missing < one.reference.rows,
      ),
    ),
    added: [...current.unknown.keys()].sort().slice(0, MOST_NAMES),
    retyped: names(
      features.filter(({ current: { rows, missing, unparsable, nonFinite } }) => 2 * (unparsable - nonFinite) > rows - missing),
    ),
  };
}
