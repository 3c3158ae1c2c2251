import * as z from "zod";
import { constraintsFileSchema } from "./constraints-schema.ts";
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

/** JSON Schema of a file of constraints. */
export function constraintsJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(constraintsFileSchema, { io: "input" }), title: "driftwatch constraints" };
}
