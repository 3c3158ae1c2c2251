import * as z from "zod";
import { writtenConstraint, type Suggestion } from "../model/constraint.ts";
import { formatTime } from "../model/time.ts";
import { count, moment } from "./json.ts";

const facts = z.strictObject({
  rows: count,
  missing: count,
  another_type: count,
  days: count,
  low: z.number().optional(),
  high: z.number().optional(),
  distinct: count.optional(),
  once: count.optional().meta({ description: "Texts that occurred once." }),
});

export const suggestedConstraints = z
  .strictObject({
    model: z.string(),
    baseline: z.string(),
    sources: z.array(z.strictObject({ version: z.string().nullable(), source: z.string(), rows: count, from: moment, to: moment })),
    features: z.array(
      z.strictObject({
        feature: z.string(),
        constraint: z.record(z.string(), z.unknown()).meta({ description: "As it is written in a configuration." }),
        facts: z.array(facts),
      }),
    ),
  })
  .meta({ id: "SuggestedConstraints" });
export type SuggestedItem = z.infer<typeof suggestedConstraints>;

export function suggestionJson(model: string, { baseline, sources, features }: Suggestion): SuggestedItem {
  return {
    model,
    baseline,
    sources: sources.map(({ version, source, rows, from, to }) => ({
      version: version === "" ? null : version,
      source,
      rows,
      from: formatTime(from),
      to: formatTime(to),
    })),
    features: features.map(({ constraint, facts: known }) => ({
      feature: constraint.feature,
      constraint: writtenConstraint(constraint),
      facts: known.map(({ rows, missing, anotherType, ...seen }) => ({ rows, missing, another_type: anotherType, ...seen })),
    })),
  };
}
