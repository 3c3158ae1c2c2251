import type { Grid } from "../model/grid.ts";
import { DAY, formatTime, type Millis, type Window } from "../model/time.ts";
import { readGridFit, type SubjectFit } from "../store/grid-fit.ts";
import { readNewestGrid } from "../store/grids.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { grid as gridSchema, rebuiltGrid } from "./grid-json.ts";
import { time } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { route, type Route } from "./route.ts";

/** Bins do not fit when this many more live rows lie outside them than of the baselines they were made from. */
const STALE_SHARE = 0.2;
/** With fewer rows nothing is said of the fit. */
const LEAST_ROWS = 200;
const LOOKED_AT = 7 * DAY;
const MADE_FROM = 28 * DAY;

/** The bins everything is counted on: whether they still fit, and new ones. */
export function gridRoutes({ store, models, status, rebuild }: Pick<ApiDependencies, "store" | "models" | "status" | "rebuild">): Route[] {
  /** A stretch of live rows: as asked for, else the newest. */
  function stretch(model: string, { from, to }: { from?: Millis | undefined; to?: Millis | undefined }, length: Millis): Window {
    const end = to ?? status().watermarks.get(model) ?? null;
    if (end === null) throw new Problem(400, "The model has no live rows yet.", "Send events first, or give from and to.");
    const begin = from ?? end - length;
    if (begin >= end) throw new Problem(400, "The stretch would end before it begins.", "Choose a from before to.");
    return { from: begin, to: end };
  }

  return [
    route({
      method: "GET",
      path: "/v1/models/{model}/grid",
      tag: "Models",
      summary: "The bins everything is counted on, and how well they fit the newest live rows.",
      description:
        "Of each subject the share of rows outside: beyond the outermost edges, or in other and unseen. It is stale where that is more than 0.2 above the same share of the file baselines.",
      scope: "read",
      query: {
        from: time("Begin of the live rows. Seven days before the end when not given.").optional(),
        to: time("Their end. The watermark when not given.").optional(),
      },
      answers: { "application/json": gridSchema },
      problems: [404],
      handle: async ({ path, query }) => {
        const { name } = modelNamed(models, path.model ?? "");
        const newest = await readNewestGrid(store, name);
        if (newest === null) return { model: name, grid: null, stale: false, from: null, to: null, subjects: [] };
        const window = stretch(name, query, LOOKED_AT);
        const subjects = (await readGridFit(store, name, newest.grid.version, window)).map(subjectJson);
        return {
          model: name,
          grid: newest.grid.version,
          stale: subjects.some((one) => one.stale),
          from: formatTime(window.from),
          to: formatTime(window.to),
          subjects,
        };
      },
    }),
    route({
      method: "POST",
      path: "/v1/models/{model}/grid",
      tag: "Models",
      summary: "Makes new bins, from the baselines and live rows of a stretch.",
      description:
        "All stored events are counted on them next, and everything that was measured is measured again (its revision grows). Until that is done, what was stored stays, and computing on the spot waits.",
      scope: "operate",
      query: {
        from: time("Begin of the live rows. 28 days before the end when not given.").optional(),
        to: time("Their end. The watermark when not given.").optional(),
      },
      answers: { "application/json": rebuiltGrid },
      problems: [404],
      handle: async ({ path, query }) => {
        const { name } = modelNamed(models, path.model ?? "");
        const live = stretch(name, query, MADE_FROM);
        const made: Grid | null = await rebuild(name, live);
        if (made === null)
          throw new Problem(400, "There are fewer than 1,000 live rows in that stretch.", "Choose a longer one, or wait for more events.");
        return { model: name, grid: made.version, from: formatTime(live.from), to: formatTime(live.to) };
      },
    }),
  ];
}

function subjectJson({ subject, feature, kind, provisional, rows, outside, outsideBaselines }: SubjectFit) {
  return {
    subject,
    feature: subject === "feature" ? feature : null,
    kind,
    provisional,
    rows,
    outside,
    outside_baselines: outsideBaselines,
    stale: rows >= LEAST_ROWS && outside !== null && outside - (outsideBaselines ?? 0) > STALE_SHARE,
  };
}
