import { constraintsJsonSchema, jsonSchema, rulesJsonSchema } from "../config/json-schema.ts";
import { action, newCommand, type Cli, type Global } from "./command.ts";
import { safeJson } from "./text.ts";

export function schemaCommand(cli: Cli) {
  return newCommand("schema", "print the JSON Schema of the configuration, for completion in an editor", [
    "schema > driftwatch.schema.json",
    "schema --rules > rules.schema.json",
  ])
    .option("--rules", "the schema of a file of alert rules instead")
    .option("--constraints", "the schema of a file of constraints instead")
    .action(
      action(cli, ({ rules, constraints }: { rules?: boolean; constraints?: boolean } & Global) => {
        cli.io.stdout.write(`${safeJson(constraints ? constraintsJsonSchema() : rules ? rulesJsonSchema() : jsonSchema(), 2)}\n`);
        return 0;
      }),
    );
}
