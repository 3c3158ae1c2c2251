// Prints what the last test run really ran, as one plain line.
import { existsSync, readFileSync } from "node:fs";

const file = new URL("../test-results/vitest.json", import.meta.url);
if (!existsSync(file)) {
  console.log("0 passed, 1 failed");
  process.exit(1);
}
const results = JSON.parse(readFileSync(file, "utf8"));
const skipped = results.numPendingTests + (results.numTodoTests ?? 0);
// A file that does not load fails without a test to count.
const broken = results.testResults.filter(
  (suite) => suite.status === "failed" && suite.assertionResults.every((test) => test.status !== "failed"),
).length;
console.log(`${results.numPassedTests} passed, ${results.numFailedTests + broken} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(results.numFailedTests + broken > 0 || results.numPassedTests === 0 ? 1 : 0);
