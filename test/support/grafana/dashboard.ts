import { readdirSync, readFileSync } from "node:fs";
import type { Choice, Choices } from "./variables.ts";

/** The parts of Grafana's dashboard model that these tests look at. */
export type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list?: readonly AnnotationQuery[] };
};
export type Target = {
  readonly refId: string;
  readonly rawSql: string;
  readonly format: number;
  readonly queryType?: string;
  readonly hide?: boolean;
};
type GridPosition = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
export type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly gridPos: GridPosition;
  readonly targets?: readonly Target[];
  /** Of a collapsed row. */
  readonly panels?: readonly Panel[];
  readonly fieldConfig?: FieldConfig;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly transformations?: readonly { readonly id: string; readonly options: Readonly<Record<string, unknown>> }[];
  readonly interval?: string;
  readonly maxDataPoints?: number;
  /** The variable for each of whose values a row, with all that follows it, stands again. */
  readonly repeat?: string;
};
export type FieldConfig = {
  readonly defaults: FieldSettings;
  readonly overrides: readonly {
    readonly matcher: { readonly id: string; readonly options: unknown };
    readonly properties: readonly Property[];
  }[];
};
export type Property = { readonly id: string; readonly value?: unknown };
export type FieldSettings = {
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly displayName?: string;
  readonly noValue?: string;
  readonly color?: { readonly mode?: string; readonly fixedColor?: string };
  readonly thresholds?: { readonly mode: string; readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
  readonly mappings?: readonly ValueMapping[];
  readonly custom?: Readonly<Record<string, unknown>>;
  readonly links?: readonly { readonly title: string; readonly url: string }[];
};
export type ValueMapping = {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
};
export type Variable = {
  readonly name: string;
  readonly type: string;
  readonly query?: unknown;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string | null;
  readonly label?: string;
  readonly current?: { readonly value?: string | readonly string[] };
};
export type AnnotationQuery = {
  readonly name: string;
  readonly iconColor?: string;
  readonly target?: { readonly rawSql?: string };
};

/** A panel where it stands once variables have their values. */
export type Placed = {
  readonly panel: Panel;
  readonly gridPos: GridPosition;
  /** All variables, with the one value of a repeated row's. */
  readonly choices: Choices;
};

/** One thing a dashboard asks the database. */
export type Question = {
  /** Where it stands, for messages: `fleet › Drift › A`. */
  readonly where: string;
  readonly kind: "panel" | "variable" | "annotation";
  readonly sql: string;
  readonly choices: Choices;
  readonly placed: Placed | null;
  readonly target: Target | null;
};

const DIRECTORY = new URL("../../../dashboards/json/", import.meta.url);

/** The committed dashboards by the name of their file. */
export function readDashboards(): ReadonlyMap<string, Dashboard> {
  const files = readdirSync(DIRECTORY).filter((file) => file.endsWith(".json"));
  return new Map(files.sort().map((file) => [file.slice(0, -5), JSON.parse(readFileSync(new URL(file, DIRECTORY), "utf8")) as Dashboard]));
}

/** The panels of a dashboard: rows that are repeated stand once for each value, and push down what follows. */
export function layOut(dashboard: Dashboard, choices: Choices): Placed[] {
  const sections: Panel[][] = [[]];
  for (const panel of dashboard.panels.toSorted((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)) {
    if (panel.type === "row") sections.push([]);
    sections.at(-1)?.push(panel, ...(panel.panels ?? []));
  }
  let pushed = 0;
  return sections.flatMap((section) => {
    const [first] = section;
    if (section.some((panel) => panel.type !== "row" && panel.repeat))
      throw new Error(`${first?.title}: panels that repeat alone are not laid out here.`);
    const variable = first?.repeat;
    if (variable === undefined) return section.map((panel) => ({ panel, gridPos: down(panel, pushed), choices }));
    const chosen = choices[variable];
    const values = [chosen?.value ?? []].flat();
    const texts = [chosen?.text ?? chosen?.value ?? []].flat();
    const height = Math.max(...section.map(({ gridPos }) => gridPos.y + gridPos.h)) - (first?.gridPos.y ?? 0);
    const placed = values.flatMap((value, index) =>
      section.map((panel) => ({
        panel,
        gridPos: down(panel, pushed + index * height),
        choices: { ...choices, [variable]: { value, text: texts[index] ?? value } },
      })),
    );
    pushed += (values.length - 1) * height;
    return placed;
  });
}

const down = ({ gridPos }: Panel, rows: number): GridPosition => ({ ...gridPos, y: gridPos.y + rows });

/** What a dashboard with these choices asks: its variables first, as Grafana does. */
export function questionsOf(name: string, dashboard: Dashboard, choices: Choices): Question[] {
  const outside = { choices, placed: null, target: null };
  return [
    ...dashboard.templating.list.flatMap((variable): Question[] => {
      const sql = variableSql(variable);
      return sql === null ? [] : [{ ...outside, where: `${name} › $${variable.name}`, kind: "variable", sql }];
    }),
    ...(dashboard.annotations.list ?? []).flatMap((annotation): Question[] => {
      const sql = annotation.target?.rawSql;
      return sql === undefined ? [] : [{ ...outside, where: `${name} › annotation ${annotation.name}`, kind: "annotation", sql }];
    }),
    ...layOut(dashboard, choices).flatMap((placed) =>
      (placed.panel.targets ?? []).map((target): Question => {
        const { panel } = placed;
        return {
          where: `${name} › ${panel.title ?? panel.id} › ${target.refId}`,
          kind: "panel",
          sql: target.rawSql,
          choices: placed.choices,
          placed,
          target,
        };
      }),
    ),
  ];
}

/** The SQL of a variable that asks; null for one whose values stand in the dashboard. */
export function variableSql(variable: Variable): string | null {
  if (variable.type !== "query") return null;
  const { query } = variable;
  if (typeof query === "string") return query;
  const sql = (query as { rawSql?: unknown } | null)?.rawSql;
  if (typeof sql !== "string") throw new Error(`The variable ${variable.name} asks nothing.`);
  return sql;
}

type Option = { readonly value: string; readonly text: string };

/** The values of a variable that asks nothing: those of a list such as `as it is : raw,smoothed`, or the one it was saved with. */
export function fixedOptions({ type, current, query }: Variable): Option[] {
  const saved = [current?.value ?? (typeof query === "string" ? query : "")].flat()[0] ?? "";
  if (type !== "custom" || typeof query !== "string") return [{ value: saved, text: saved }];
  return query.split(",").map((entry) => {
    const [text = "", value = text] = entry.split(" : ").map((part) => part.trim());
    return { value, text };
  });
}

/** What a variable holds: what a person picked from its list, else what it was saved with, else the first. */
export function choiceOf(variable: Variable, options: readonly Option[], wished?: string | readonly string[]): Choice {
  const { multi = false, includeAll = false, current } = variable;
  const wishes = wished === undefined ? [current?.value ?? []].flat() : [wished].flat();
  if (includeAll && (wishes.includes("$__all") || options.length === 0))
    return {
      value: options.map(({ value }) => value),
      text: options.map(({ text }) => text),
      isAll: true,
      allValue: variable.allValue || null,
    };
  const found = wishes.flatMap((wish) => options.find(({ text, value }) => text === wish || value === wish) ?? []);
  if (wished !== undefined && found.length < wishes.length)
    throw new Error(`${variable.name} offers no ${JSON.stringify(wished)}, only ${JSON.stringify(options.map(({ text }) => text))}.`);
  const chosen = found.length > 0 ? found : options.slice(0, 1);
  return multi
    ? { value: chosen.map(({ value }) => value), text: chosen.map(({ text }) => text) }
    : { value: chosen[0]?.value ?? "", text: chosen[0]?.text ?? "" };
}
