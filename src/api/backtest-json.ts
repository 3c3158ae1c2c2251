import * as z from "zod";
import { TRANSITION_REASONS } from "../model/alert.ts";
import type { Backtest } from "../model/backtest.ts";
import { SEVERITIES } from "../model/rule.ts";
import { formatTime } from "../model/time.ts";
import { count, moment, timeOrNull } from "./json.ts";

export const backtest = z
  .strictObject({
    from: moment,
    to: moment,
    courses: z.array(
      z.strictObject({
        rule: z.string(),
        model: z.string(),
        which: z.enum(["old", "new"]).meta({ description: "As it is configured, or as it is proposed." }),
        windows: count.meta({ description: "Windows it looked at." }),
        blind: count.meta({ description: "Of these, those in which it could tell for no subject." }),
        pages: z.array(
          z.strictObject({
            version: z.string(),
            segment: z.string().nullable(),
            subject: z.string(),
            severity: z.enum(SEVERITIES),
            since: moment,
            told_at: moment,
            resolved_at: moment.nullable(),
            closed_because: z.enum(TRANSITION_REASONS).nullable(),
            retrain: z.boolean(),
            summary: z.string(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: "Backtest" });

/** A backtest as the API tells it. */
export type BacktestItem = z.infer<typeof backtest>;

export function backtestJson({ window, courses }: Backtest): BacktestItem {
  return {
    from: formatTime(window.from),
    to: formatTime(window.to),
    courses: courses.map(({ pages, ...course }) => ({
      ...course,
      pages: pages.map(({ since, toldAt, resolvedAt, closedBecause, ...told }) => ({
        ...told,
        since: formatTime(since),
        told_at: formatTime(toldAt),
        resolved_at: timeOrNull(resolvedAt),
        closed_because: closedBecause,
      })),
    })),
  };
}
