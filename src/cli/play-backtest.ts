import { backtestRule } from "../alerting/backtest.ts";
import type { App } from "../app.ts";
import { Problem } from "../api/problem.ts";
import type { ApiDependencies } from "../api/dependencies.ts";
import { formatProblems } from "../config/problem.ts";
import { readDocument } from "../config/document.ts";
import { channelsInRules, readRules } from "../config/read-rules.ts";
import { whyNotApplicable } from "../config/why-not-applicable.ts";
import type { Backtest, BacktestCourse } from "../model/backtest.ts";
import type { Rule } from "../model/rule.ts";
import { STATISTICS } from "./statistics.ts";

/** Plays rules over what an app has stored: those that are proposed beside those configured under the same names. */
export function backtestOf({
  config,
  store,
  monitor,
  watermark,
}: Pick<App, "config" | "store" | "monitor" | "watermark">): ApiDependencies["backtest"] {
  return async ({ rules: written, model: named, window }): Promise<Backtest> => {
    const proposed = written === null ? [] : readProposed(written);
    const names = new Set(proposed.map(({ name }) => name));
    const old = config.rules.filter(({ name }) => written === null || names.has(name));
    const sides = [...old.map((rule) => ({ rule, which: "old" as const })), ...proposed.map((rule) => ({ rule, which: "new" as const }))];
    const courses: BacktestCourse[] = [];
    for (const model of config.models.values()) {
      if (named !== null && model.name !== named) continue;
      // What is not over yet is no history.
      const stretch = { from: window.from, to: Math.min(window.to, watermark(model.name) ?? window.from) };
      for (const { rule, which } of sides) {
        if ((rule.models !== null && !rule.models.includes(model.name)) || whyNotApplicable(rule, model) !== null) continue;
        const { maintenance = [] } = config;
        courses.push(await backtestRule({ store, rule, which, model, maintenance, stretch, tools: STATISTICS, measure: monitor.measure }));
      }
    }
    return {
      window,
      courses: courses.sort((a, b) =>
        `${a.rule} ${a.model}` < `${b.rule} ${b.model}` ? -1 : `${a.rule} ${a.model}` > `${b.rule} ${b.model}` ? 1 : 0,
      ),
    };
  };

  function readProposed(text: string): Rule[] {
    const document = readDocument("rules", text, {});
    const referred = { models: config.models, modelNames: [...config.models.keys()], channelNames: channelsInRules(document) };
    const rules = readRules(document, referred, false, new Map());
    const problems = document.problems();
    if (problems.length > 0)
      throw new Problem(
        400,
        `The rules are not right:\n${formatProblems(problems)}`,
        "Correct them; `driftwatch schema --rules` describes them.",
      );
    return rules;
  }
}
