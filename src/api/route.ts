import type * as z from "zod";
import type { Scope } from "../model/settings.ts";
import { parseQuery } from "./parameters.ts";

/** What a handler is given: path parameters decoded, the query checked. */
type Call<Query> = {
  readonly request: Request;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Whose token it is, for the record. */
  readonly who: string;
};

/** One operation of the API. The router and the OpenAPI document are both made from these, so neither can know more. */
export type Route = {
  readonly method: "GET" | "POST";
  /** As OpenAPI writes it: `/v1/models/{model}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Null for what anyone may ask. */
  readonly scope: Scope | null;
  readonly query: z.ZodRawShape;
  readonly body?: Readonly<Record<string, { readonly schema: unknown; readonly example: unknown }>>;
  /** Schemas of the answer by media type. */
  readonly answers: Readonly<Record<string, z.ZodType>>;
  /** Statuses of problems this may answer with, beside those any operation may. */
  readonly problems?: readonly number[];
  /** Whether something in the request stands in place of a token. */
  readonly isKnownOtherwise?: (request: Request, path: Readonly<Record<string, string>>) => Promise<boolean>;
  readonly handle: (request: Request, path: Readonly<Record<string, string>>, who: string) => Promise<Response>;
};

type Given<Shape extends z.ZodRawShape> = Omit<Route, "handle" | "query"> & {
  readonly query: Shape;
  /** An answer, or a value that is answered as JSON. */
  readonly handle: (call: Call<z.output<z.ZodObject<Shape>>>) => unknown;
};

export function route<Shape extends z.ZodRawShape>(given: Given<Shape>): Route {
  return {
    ...given,
    handle: async (request, path, who) => {
      const answer = await given.handle({ request, path, query: parseQuery(given.query, request.url), who });
      return answer instanceof Response ? answer : Response.json(answer);
    },
  };
}

/** The names in braces in a path. */
export function pathNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
}
