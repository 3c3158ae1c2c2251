import * as z from "zod";
import { rulesSchema } from "./rules-schema.ts";
import { configSchema } from "./schema.ts";

/** JSON Schema of the configuration file, for editors. It knows shapes; what crosses keys only loading knows. */
export function jsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: "input" }), title: "driftwatch.yaml" };
}

/** JSON Schema of a file of alert rules. */
export function rulesJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(rulesSchema, { io: "input" }), title: "driftwatch alert rules" };
}
