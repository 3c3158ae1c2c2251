import * as z from "zod";
import {
  RETRAIN_STATES,
  RETRAIN_TRIGGERS,
  RETRAIN_VERDICTS,
  SWAP_STATES,
  type Champion,
  type RetrainRun,
  type RetrainStep,
} from "../model/retraining.ts";
import { formatTime } from "../model/time.ts";
import { moment, timeOrNull } from "./json.ts";

const shape = {
  id: z.string(),
  model: z.string(),
  version: z.string(),
  rule: z.string().meta({ description: "Empty where no rule asked." }),
  transition_id: z.string(),
  state: z.enum(RETRAIN_STATES),
  reason: z.string(),
  at: moment.meta({ description: "In event time." }),
  trigger: z.enum(RETRAIN_TRIGGERS),
  requested_by: z.string(),
  launcher: z.string(),
  external_id: z.string(),
  external_url: z.string(),
  attempts: z.int().min(0),
  lease_until: moment.nullable(),
  changed_at: moment,
  new_version: z.string().nullable(),
  verdict: z.enum(RETRAIN_VERDICTS).nullable(),
  swap: z
    .enum(SWAP_STATES)
    .meta({ description: "Whether the alerts of the old version are to be closed: offered, and done when somebody agrees." }),
};
export const retrain = z.strictObject(shape).meta({ id: "RetrainRun" });

export const retrainInFull = z
  .strictObject({
    ...shape,
    config_hash: z.string().meta({ description: "Of the settings it was decided by, without secrets." }),
    facts: z.record(z.string(), z.unknown()).nullable().meta({ description: "What the decision rests on." }),
    steps: z.array(z.strictObject({ sequence: z.int(), state: z.enum(RETRAIN_STATES), detail: z.string(), by: z.string(), at: moment })),
    swap_advice: z
      .strictObject({ why: z.string(), command: z.string().nullable(), yaml: z.string().nullable() })
      .nullable()
      .meta({ description: "What a swap of baselines takes, where one is offered." }),
  })
  .meta({ id: "RetrainRunInFull" });

const champion = z.strictObject({
  registered: z.string(),
  alias: z.string(),
  registry_version: z.string().nullable(),
  version: z.string().nullable(),
  seen_at: moment,
});
export const retraining = z
  .strictObject({
    model: z.string(),
    launcher: z.string().nullable(),
    dry_run: z.boolean().nullable(),
    approval: z.boolean().nullable(),
    stopped: z.strictObject({ by: z.string(), reason: z.string(), at: moment, model: z.string() }).nullable(),
    champion: champion.nullable(),
  })
  .meta({ id: "Retraining" });

/** A run as the API tells it. */
export type RetrainItem = z.infer<typeof retrain>;
export type RetrainInFull = z.infer<typeof retrainInFull>;
export type RetrainingItem = z.infer<typeof retraining>;

export function retrainJson(run: RetrainRun): RetrainItem {
  return {
    id: run.id,
    model: run.model,
    version: run.version,
    rule: run.rule,
    transition_id: run.transitionId,
    state: run.state,
    reason: run.reason,
    at: formatTime(run.at),
    trigger: run.trigger,
    requested_by: run.by,
    launcher: run.launcher,
    external_id: run.externalId,
    external_url: run.externalUrl,
    attempts: run.attempts,
    lease_until: timeOrNull(run.leaseUntil),
    changed_at: formatTime(run.changedAt),
    new_version: run.newVersion,
    verdict: run.verdict,
    swap: run.swap,
  };
}

export const stepJson = ({ sequence, state, detail, by: who, at }: RetrainStep) => ({
  sequence,
  state,
  detail,
  by: who,
  at: formatTime(at),
});

export const championJson = (one: Champion) => ({
  registered: one.registered,
  alias: one.alias,
  registry_version: one.registryVersion,
  version: one.version,
  seen_at: formatTime(one.seenAt),
});
