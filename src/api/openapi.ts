import * as z from "zod";
import { problem } from "./problem-json.ts";
import { pathNames, type Route } from "./route.ts";

const COMPONENT = "#/components/schemas/";

/** The OpenAPI 3.1 document of these routes. Schemas with a name stand among the components once. */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const components: Record<string, unknown> = {};
  const schemaOf = (schema: z.ZodType): unknown => {
    const {
      $schema: _,
      $defs,
      ...own
    } = z.toJSONSchema(schema, { io: "input", reused: "inline" }) as Record<string, unknown> & { $defs?: Record<string, unknown> };
    for (const [name, definition] of Object.entries($defs ?? {})) components[name] = pointed(definition);
    const id = own.id;
    if (typeof id !== "string") return pointed(own);
    components[id] = pointed(own);
    return { $ref: `${COMPONENT}${id}` };
  };
  const problemContent = { "application/problem+json": { schema: schemaOf(problem) } };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const statuses = [...new Set([400, ...(route.scope === null ? [] : [401, 403]), ...(route.problems ?? []), 500])];
    (paths[route.path] ??= {})[route.method.toLowerCase()] = {
      operationId: operationId(route),
      tags: [route.tag],
      summary: route.summary,
      ...(route.description === undefined ? {} : { description: route.description }),
      security: route.scope === null ? [] : [{ bearer: [route.scope] }],
      parameters: [
        ...pathNames(route.path).map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
        ...Object.entries(route.query).map(([name, schema]) => queryParameter(name, schema as z.ZodType)),
      ],
      ...(route.body ? { requestBody: { required: true, content: route.body } } : {}),
      responses: {
        200: {
          description: "OK",
          content: Object.fromEntries(Object.entries(route.answers).map(([type, schema]) => [type, { schema: schemaOf(schema) }])),
        },
        ...Object.fromEntries(statuses.map((status) => [status, { description: "A problem", content: problemContent }])),
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "driftwatch",
      version,
      description:
        "Drift and performance of machine-learning models. Times are RFC 3339 in UTC, windows half-open; lists come in pages; errors are RFC 9457 problems with a hint.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "A token of http.tokens whose scopes include the one named. Not needed when no tokens are configured.",
        },
      },
    },
  };
}

function queryParameter(name: string, schema: z.ZodType): unknown {
  const { $schema: _, description, ...rest } = z.toJSONSchema(schema, { io: "input" }) as Record<string, unknown>;
  return { name, in: "query", required: false, ...(description === undefined ? {} : { description }), schema: rest };
}

/** References to definitions, made to point at components; a component needs no `id` of its own. */
function pointed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(pointed);
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) => {
      if (key === "id" && typeof value === "string") return [];
      return [[key, key === "$ref" && typeof value === "string" ? value.replace("#/$defs/", COMPONENT) : pointed(value)]];
    }),
  );
}

function operationId({ method, path }: Route): string {
  const words = path
    .replace(/[{}]/g, "")
    .split(/[/.-]/)
    .filter((word) => word !== "" && word !== "v1");
  return [method.toLowerCase(), ...words]
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join("");
}
