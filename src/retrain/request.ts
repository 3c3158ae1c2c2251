import { createHmac } from "node:crypto";
import type { RetrainRun } from "../model/retraining.ts";
import type { RetrainingSettings } from "../model/settings.ts";
import { formatTime, type Millis, type Window } from "../model/time.ts";

/** Where a run finds rows to learn from: all that were there when it was asked for, as far back as it is offered them. */
export function trainingWindow({ at }: Pick<RetrainRun, "at">, { trainingData }: RetrainingSettings): Window {
  return { from: Math.max(0, at - trainingData), to: at };
}

/** A key that allows to report the outcome of one run, and nothing else. Null where there is no secret to make it of. */
export function callbackKey({ launcher }: RetrainingSettings, runId: string): string | null {
  if (launcher.type !== "webhook" || launcher.secret === null) return null;
  return createHmac("sha256", launcher.secret).update(`outcome of ${runId}`).digest("base64url");
}

/** What a job is told, whatever starts it: the same each time it is made of the same run. */
export function requestBody(run: RetrainRun, settings: RetrainingSettings, link: string | null, publicUrl: string | null): string {
  const { from, to } = trainingWindow(run, settings);
  const stretch = { from: formatTime(from), to: formatTime(to) };
  const path = `/v1/models/${encodeURIComponent(run.model)}/export?${new URLSearchParams({ ...stretch, labelled: "true" }).toString()}`;
  const callback = `/v1/retrains/${run.id}/outcome`;
  return JSON.stringify({
    type: "retrain",
    timestamp: formatTime(run.at),
    data: {
      run: run.id,
      model: run.model,
      version: run.version,
      trigger: run.trigger,
      rule: run.rule,
      subject: run.subject,
      alert: run.alertId,
      reason: run.reason,
      window: { from: formatTime(run.window.from), to: formatTime(run.window.to) },
      link,
      training_data: {
        ...stretch,
        sql: trainingSql(run.model, { from, to }),
        export: publicUrl === null ? path : `${publicUrl}${path}`,
        command: `driftwatch export --model ${shellWord(run.model)} --from ${stretch.from} --to ${stretch.to} --labelled`,
      },
      callback: { url: publicUrl === null ? callback : `${publicUrl}${callback}`, key: callbackKey(settings, run.id) },
    },
  });
}

/** The rows as a query on the public view, for whoever trains beside a ClickHouse server. */
function trainingSql(model: string, { from, to }: Window): string {
  const text = `'${model.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const moment = (time: Millis) => `'${new Date(time).toISOString().slice(0, 19).replace("T", " ")}'`;
  return `SELECT * FROM training_rows WHERE model = ${text} AND time >= ${moment(from)} AND time < ${moment(to)} AND label IS NOT NULL`;
}

/** A word that a shell takes as it is. */
export function shellWord(text: string): string {
  return /^[\w.:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
