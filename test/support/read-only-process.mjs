// A process of its own that opens an embedded store with the users of a configuration file, and runs what it is sent:
//   read-only-process.mjs DIRECTORY CONFIG
import { createRequire } from "node:module";

const { Session } = createRequire(import.meta.url)("chdb");
const [directory, config] = process.argv.slice(2);

try {
  const session = new Session(directory, { connectionArgs: [`--config-file=${config}`] });
  process.on("message", ({ id, sql }) => {
    try {
      process.send({ id, text: session.query(sql, "JSONCompact") });
    } catch (error) {
      // What a question that failed half-way had written stands before the next answer: throw that one away.
      session.query("SELECT 1", "Null");
      process.send({ id, error: error.message });
    }
  });
  process.on("disconnect", () => {
    session.close();
    process.exit(0);
  });
  process.send({ id: 0, text: "" });
} catch (error) {
  process.send({ id: 0, error: error.message });
}
