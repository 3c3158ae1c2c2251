import { METRICS_OF_TASK } from "../model/comparison.ts";
import type { Champion, RetrainRun, RetrainTrigger } from "../model/retraining.ts";
import type { ModelSettings, RegistrySettings, RetrainingSettings } from "../model/settings.ts";
import { formatDuration, floorTo, formatTime, MINUTE, type Millis } from "../model/time.ts";
import { readAlerts } from "../store/alerts.ts";
import { readLastingAlerts } from "../store/retrain-facts.ts";
import { insertChampion, readChampions, readRetrainRuns } from "../store/retrain-runs.ts";
import { readVersions } from "../store/versions.ts";
import { judge, rollBackAdvice } from "./judge.ts";
import type { JobState } from "./launcher.ts";
import type { Ledger } from "./ledger.ts";
import { askMlflow, type Registered } from "./mlflow.ts";
import type { RetrainerOptions } from "./options.ts";
import { lastingTrigger, scheduleTrigger } from "./triggers.ts";

const FOLLOWED: readonly RetrainRun["state"][] = ["waiting_for_approval", "requested", "started", "succeeded"];

export type FollowerOptions = RetrainerOptions & {
  readonly ledger: Ledger;
  readonly launch: (run: RetrainRun) => Promise<RetrainRun>;
  readonly decideOn: (trigger: RetrainTrigger) => Promise<RetrainRun | null>;
  readonly inTurn: <Result>(task: () => Promise<Result>) => Promise<Result>;
};

/** Looks after what is under way, and asks where time does. Servers are asked beside decisions, what they say is applied between them. */
export function createFollower(options: FollowerOptions) {
  const { store, models, settings, launchers, clock, liveClock, watermark, log, ledger, inTurn, isStopping = () => false } = options;
  const asked = new Map<string, Millis>();
  const lookedAt = new Map<string, Millis>();
  const scheduled = new Map<string, Millis>();
  let lastAlerts = Number.NEGATIVE_INFINITY;

  const now = (model: string) => (liveClock ? clock() : (watermark(model) ?? 0));

  /** Whether more is complete than when this was last asked for a run: what is read then takes all that was ever counted. */
  function hasMoved(run: RetrainRun, { bucket }: ModelSettings): boolean {
    const at = watermark(run.model);
    if (at === null || at - (lookedAt.get(run.id) ?? Number.NEGATIVE_INFINITY) < bucket) return false;
    lookedAt.set(run.id, at);
    return true;
  }

  async function follow(): Promise<void> {
    await askRegistries();
    // Where events are the clock, a replay would ask at other times than the original did.
    if (liveClock) await inTurn(askWhereTimeDoes);
    const runs = await readRetrainRuns(store, { states: FOLLOWED, limit: 1_000 });
    const polled = new Map<string, JobState>();
    for (const run of runs) {
      if (isStopping()) return;
      const poll = run.state === "started" ? launchers.get(run.model)?.poll : null;
      if (poll) polled.set(run.id, await poll(run, clock()).catch((): JobState => ({ state: "unknown", detail: "it could not be asked" })));
    }
    for (const { id } of runs) {
      try {
        await inTurn(async () => {
          const run = await ledger.find(id);
          if (run !== null) await stepOf(run, polled.get(id) ?? null);
        });
      } catch (error) {
        // The others are followed all the same, and this one is again next time.
        log.error("a retraining could not be followed", { run: id, error: error instanceof Error ? error.message : String(error) });
      }
    }
    await inTurn(async () => {
      for (const run of await readRetrainRuns(store, { swap: "accepted", limit: 1_000 })) await swap(run);
    });
  }

  async function stepOf(run: RetrainRun, job: JobState | null): Promise<unknown> {
    if (run.state === "requested") return options.launch(run);
    if (run.state === "started") return followJob(run, job);
    if (run.state === "succeeded") return followVersion(run);
    return run.state === "waiting_for_approval" ? lapse(run) : undefined;
  }

  /** A run that waits for approval, cancelled where it has waited too long. */
  async function lapse(run: RetrainRun): Promise<RetrainRun> {
    const within = settings.get(run.model)?.approveWithin ?? 0;
    if (clock() - run.changedAt < within) return run;
    return ledger.write(run, { state: "cancelled", reason: `Nobody approved it within ${formatDuration(within)}.` });
  }

  async function followJob(run: RetrainRun, job: JobState | null): Promise<unknown> {
    if (job?.state === "succeeded") return ledger.write(run, { state: "succeeded", newVersion: job.version ?? run.newVersion }, job.detail);
    if (job?.state === "failed") return ledger.write(run, { state: "failed", reason: job.detail }, job.detail);
    // Who cannot be asked has succeeded when what it was to make is there.
    const model = models.get(run.model);
    if (job === null && model && hasMoved(run, model)) {
      const seen = await newVersionOf(run);
      if (seen !== null) return ledger.write(run, { state: "succeeded", ...seen }, `The first events of ${seen.newVersion} have come.`);
    }
    if (!liveClock || run.leaseUntil === null) return undefined;
    const lease = settings.get(run.model)?.lease ?? run.leaseUntil - (run.attemptedAt ?? run.leaseUntil);
    if (job?.state === "running" && clock() >= run.leaseUntil - lease / 2)
      return ledger.write(run, { leaseUntil: clock() + lease }, `It runs still: ${job.detail}.`);
    if (clock() >= run.leaseUntil)
      return ledger.write(run, {
        state: "expired",
        reason: `Nothing was heard of it within ${formatDuration(lease)}${job === null ? "" : `; the last: ${job.detail}`}.`,
      });
    return undefined;
  }

  /** The version a run led to, once its events are there: the one it named, else one that nobody knew when it began. */
  async function newVersionOf(run: RetrainRun): Promise<{ newVersion: string; newVersionSince: Millis } | null> {
    const versions = await readVersions(store, run.model);
    const seen =
      run.newVersion === null
        ? versions.find(({ version }) => !run.knownVersions.includes(version))
        : versions.find(({ version }) => version === run.newVersion);
    return seen === undefined ? null : { newVersion: seen.version, newVersionSince: seen.firstSeen };
  }

  async function followVersion(run: RetrainRun): Promise<unknown> {
    const own = settings.get(run.model);
    const model = models.get(run.model);
    if (!own || !model) return ledger.write(run, { state: "closed", verdict: "undecided", reason: "The model is no longer configured." });
    const moved = hasMoved(run, model);
    if (run.newVersionSince === null) {
      const seen = moved ? await newVersionOf(run) : null;
      if (seen !== null) return ledger.write(run, seen, `The first events of ${seen.newVersion} have come.`);
      const waited = liveClock ? clock() - run.changedAt : now(run.model) - run.at;
      if (waited < own.judge.within) return undefined;
      const reason = `No events of ${run.newVersion ?? "a new version"} came within ${formatDuration(own.judge.within)}.`;
      return ledger.write(run, { state: "closed", verdict: "undecided", reason });
    }
    const at = watermark(run.model);
    if (!moved || at === null || run.newVersion === null) return undefined;
    const offered =
      run.swap === "none" && (await hasOpenDrift(run))
        ? await ledger.write(run, { swap: "offered" }, "A swap of baselines is offered.")
        : run;
    return judgeVersion({ ...offered, newVersion: run.newVersion }, model, own.judge, at);
  }

  async function hasOpenDrift({ model, version }: RetrainRun): Promise<boolean> {
    const alerts = await readAlerts(store, { model });
    return alerts.some((alert) => alert.key.version === version && alert.state !== "resolved" && alert.explanation.baseline !== null);
  }

  async function judgeVersion(
    run: RetrainRun & { readonly newVersion: string },
    model: ModelSettings,
    chosen: RetrainingSettings["judge"],
    at: Millis,
  ): Promise<unknown> {
    const metric = chosen.metric ?? METRICS_OF_TASK[model.task][0];
    const found = await options.compare(model, {
      model: run.model,
      champion: run.version,
      challenger: run.newVersion,
      metrics: metric === undefined ? [] : [metric],
      margin: chosen.margin,
    });
    const judged = judge(found, chosen, { now: at, since: run.newVersionSince ?? at });
    if (judged === null) return undefined;
    const { verdict, reason } = judged;
    const advice = verdict === "worse" ? ` ${rollBackAdvice(run, settings.get(run.model)?.registry ?? null, await previousIn(run))}` : "";
    return ledger.write(run, { state: "closed", verdict, reason: `${reason}${advice}` });
  }

  /** What the registry calls the version a run was to replace. */
  async function previousIn({ model, version }: RetrainRun): Promise<string | null> {
    const champions = await readChampions(store, 100, model);
    return champions.find((one) => one.version === version)?.registryVersion ?? null;
  }

  async function swap(run: RetrainRun): Promise<RetrainRun> {
    await options.closeAlerts({ model: run.model, version: run.version });
    return ledger.write(run, { swap: "done" }, `The alerts of ${run.version} are closed.`);
  }

  async function askWhereTimeDoes(): Promise<void> {
    for (const [model, { every }] of settings) {
      const due = every === null ? null : floorTo(clock(), every);
      if (every === null || due === null || scheduled.get(model) === due) continue;
      const [newest] = await readVersions(store, model);
      if (!newest) continue;
      await options.decideOn(scheduleTrigger(model, newest.version, every, due));
      scheduled.set(model, due);
    }
    if (clock() - lastAlerts < MINUTE) return;
    lastAlerts = clock();
    for (const { transition, evaluatedTo } of await readLastingAlerts(store)) {
      const own = settings.get(transition.key.model);
      const trigger = own ? lastingTrigger(transition, evaluatedTo, own.cooldown) : null;
      if (trigger !== null) await options.decideOn(trigger);
    }
  }

  async function askRegistries(): Promise<void> {
    for (const [model, { registry }] of settings) {
      if (isStopping()) return;
      if (registry === null || clock() - (asked.get(model) ?? Number.NEGATIVE_INFINITY) < registry.every) continue;
      asked.set(model, clock());
      const answer = await askMlflow(options.call, registry);
      if (answer.ok) await inTurn(() => note(model, registry, answer));
      else log.warn("the registry could not be asked", { model, detail: answer.detail });
    }
  }

  /** A version that serves by the registry's word is the one a run led to, when it was not known before the run. */
  async function note(model: string, registry: RegistrySettings, { version }: Extract<Registered, { ok: true }>): Promise<void> {
    const [last] = await readChampions(store, 1, model);
    if (last ? last.registryVersion === version : version === null) return;
    const champion: Champion = {
      model,
      registered: registry.name,
      alias: registry.alias,
      registryVersion: version,
      version: version === null ? null : registry.version.replaceAll("{version}", version),
      seenAt: clock(),
    };
    await insertChampion(store, champion);
    log.info("the champion changed", { model, from: last?.version ?? null, to: champion.version, at: formatTime(champion.seenAt) });
    if (champion.version === null || last === undefined) return;
    for (const run of await readRetrainRuns(store, { model, states: ["started", "succeeded"], limit: 1 })) {
      if (run.newVersion === null && !run.knownVersions.includes(champion.version))
        await ledger.write(run, { newVersion: champion.version }, `${registry.alias} of ${registry.name} is version ${version} now.`);
    }
  }

  return { follow, swap, lapse };
}
