import * as z from "zod";
import { isRankedJson } from "../model/ranked.ts";
import type { ModelSettings } from "../model/settings.ts";
import { formatTime } from "../model/time.ts";
import { recordOf } from "../store/values.ts";
import { readTrainingNames, readTrainingRows, type TrainingQuery, type TrainingRow } from "../store/training-rows.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { flag, oneOf, text, time } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { route, type Route } from "./route.ts";

/** The end of time as the store has it. */
const LATEST = 4_294_967_295_000;
const FIXED = ["id", "model", "version", "time", "prediction", "score", "entity", "weight", "label"] as const;

/** Rows to learn from, as they are needed again: to train, or as the file of a baseline. */
export function exportRoutes({ store, models }: Pick<ApiDependencies, "store" | "models">): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/models/{model}/export",
      tag: "Retraining",
      summary: "Predictions joined with their labels, each id once.",
      description:
        "Streamed, as many as there are. NDJSON has an event a line, which a baseline takes as it is; CSV a column a feature. Rows that failed are left out.",
      scope: "read",
      query: {
        from: time("Only predictions from then on.").optional(),
        to: time("Only predictions before then.").optional(),
        version: text("Of one version only.").optional(),
        labelled: flag("Only rows with a label.").optional(),
        format: oneOf(["ndjson", "csv"], "NDJSON when not given.").optional(),
      },
      answers: {
        "application/x-ndjson": z.string().meta({ description: "A row a line." }),
        "text/csv": z.string().meta({ description: "RFC 4180." }),
      },
      problems: [404, 503],
      handle: async ({ path, query }) => {
        const model = modelNamed(models, path.model ?? "");
        const window = { from: query.from ?? 0, to: query.to ?? LATEST };
        if (window.from >= window.to) throw new Problem(400, "The stretch would end before it begins.", "Choose a from before to.");
        const wanted: TrainingQuery = { model: model.name, window, version: query.version ?? null, labelled: query.labelled ?? false };
        const isCsv = query.format === "csv";
        const names = isCsv ? await readTrainingNames(store, wanted) : [];
        const pages = readTrainingRows(store, wanted);
        const write = isCsv
          ? (row: TrainingRow) => csvLine(row, model, names)
          : (row: TrainingRow) => `${JSON.stringify(eventOf(row, model))}\n`;
        return new Response(streamOf(pages, isCsv ? csvHead(names) : "", write), {
          headers: { "content-type": isCsv ? "text/csv; charset=utf-8" : "application/x-ndjson" },
        });
      },
    }),
  ];
}

/** Read as fast as it is taken: a page is asked for when the one before has gone out. */
function streamOf(pages: AsyncGenerator<TrainingRow[]>, head: string, write: (row: TrainingRow) => string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let first = head;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await pages.next();
        const body = first + (next.done === true ? "" : next.value.map(write).join(""));
        first = "";
        if (body !== "") controller.enqueue(encoder.encode(body));
        if (next.done === true) controller.close();
      },
      async cancel() {
        await pages.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

/** What a class is called, or the number that was predicted. */
const predictionOf = (row: TrainingRow) => row.predictedClass ?? row.predictedNumber;
const labelOf = (row: TrainingRow, { task }: ModelSettings) => (task === "regression" ? (row.labelNumber ?? row.label) : row.label);

/** Lists and gains are stored as JSON, and are themselves again in an event: as a text each would be one item. */
function sentAs(answer: string | number | null, { task }: ModelSettings): unknown {
  if (task !== "ranking" || typeof answer !== "string" || !isRankedJson(answer)) return answer;
  try {
    return JSON.parse(answer) as unknown;
  } catch {
    // Stored before items that look like lists were told apart.
    return answer;
  }
}

function eventOf(row: TrainingRow, model: ModelSettings): object {
  const prediction = sentAs(predictionOf(row), model);
  const label = sentAs(labelOf(row, model), model);
  return {
    type: "prediction",
    id: row.id,
    model: model.name,
    version: row.version,
    time: formatTime(row.time),
    features: recordOf(row.features),
    ...(prediction === null ? {} : { prediction }),
    ...(row.score === null ? {} : { score: row.score }),
    ...(Object.keys(row.scores).length === 0 ? {} : { scores: row.scores }),
    ...(row.role === "" ? {} : { role: row.role }),
    ...(row.entity === "" ? {} : { entity: row.entity }),
    ...(row.weight === 1 ? {} : { weight: row.weight }),
    ...(label === null ? {} : { label }),
  };
}

/** A feature that is called as a column of ours is told apart, as everywhere. */
function csvHead(names: readonly string[]): string {
  const taken: readonly string[] = FIXED;
  return csvCells([...FIXED, ...names.map((name) => (taken.includes(name) ? `feature:${name}` : name))]);
}

function csvLine(row: TrainingRow, model: ModelSettings, names: readonly string[]): string {
  return csvCells([
    row.id,
    model.name,
    row.version,
    formatTime(row.time),
    predictionOf(row),
    row.score,
    row.entity,
    row.weight,
    labelOf(row, model),
    ...names.map((name) => {
      const value = row.features.get(name);
      return typeof value === "object" ? JSON.stringify(value) : value;
    }),
  ]);
}

function csvCells(cells: readonly (string | number | null | undefined)[]): string {
  const line = cells.map((cell) => {
    const said = cell === null || cell === undefined ? "" : String(cell);
    return /[",\r\n]/.test(said) ? `"${said.replaceAll('"', '""')}"` : said;
  });
  return `${line.join(",")}\r\n`;
}
