import { expandMacros, type Span } from "./macros.ts";
import { choiceOf, fixedOptions, questionsOf, variableSql, type Dashboard, type Panel, type Question } from "./dashboard.ts";
import type { Answer, Reader } from "./read-only.ts";
import { interpolate, type Choices } from "./variables.ts";

export type Answered = { readonly question: Question; readonly answer: Answer };

/** One question as Grafana would send it, and what comes back. An error says whose it is. */
export async function ask(reader: Reader, question: Question, span: Span): Promise<Answer> {
  try {
    const over = { ...span, interval: intervalOf(question.placed?.panel ?? null, span) };
    return await reader.query(expandMacros(interpolate(question.sql, question.choices, over, "query"), over));
  } catch (error) {
    throw new Error(`${question.where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * What a dashboard's variables hold when it is opened: each asks with those before it. `wished` names what a person
 * picks instead, by what the list shows.
 */
export async function choose(
  reader: Reader,
  name: string,
  dashboard: Dashboard,
  span: Span,
  wished: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<Choices> {
  let choices: Choices = {};
  for (const variable of dashboard.templating.list) {
    const sql = variableSql(variable);
    const question: Question = {
      where: `${name} › $${variable.name}`,
      kind: "variable",
      sql: sql ?? "",
      choices,
      placed: null,
      target: null,
    };
    const options =
      sql === null
        ? fixedOptions(variable)
        : (await ask(reader, question, span)).rows.map(([value, text]) => ({ value: String(value), text: String(text ?? value) }));
    choices = { ...choices, [variable.name]: choiceOf(variable, options, wished[variable.name]) };
  }
  return choices;
}

/** Every question of a dashboard with its answer, or the error in its place. */
export async function askAll(
  reader: Reader,
  name: string,
  dashboard: Dashboard,
  choices: Choices,
  span: Span,
): Promise<{ answered: Answered[]; errors: string[] }> {
  const answered: Answered[] = [];
  const errors: string[] = [];
  for (const question of questionsOf(name, dashboard, choices)) {
    try {
      answered.push({ question, answer: await ask(reader, question, span) });
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  return { answered, errors };
}

const STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800].map(
  (one) => one * 1000,
);
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The step of a panel: about a point a pixel, rounded to what people count in, and no less than the panel says. */
function intervalOf(panel: Panel | null, { from, to }: Span): number {
  const points = panel?.maxDataPoints ?? (panel?.gridPos.w ?? 24) * 60;
  const wanted = (to - from) / points;
  const [, count = "0", unit = "s"] = /^(\d+)([smhd])$/.exec(panel?.interval ?? "") ?? [];
  return Math.max(Number(count) * (UNITS[unit] ?? 0), STEPS.findLast((step) => step <= wanted) ?? 1000);
}
