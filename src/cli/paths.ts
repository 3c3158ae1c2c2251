import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Files that ship beside the program, whether it runs from src/ or dist/. */
const root = new URL("../../", import.meta.url);

export const SHIPPED_ALERTS = fileURLToPath(new URL("alerts", root));
export const FLIGHTS = fileURLToPath(new URL("examples/flights/", root));
/** The year of flights, as it came in. */
export const FLIGHT_FILES = [join(FLIGHTS, "predictions.ndjson.gz"), join(FLIGHTS, "labels.ndjson.gz")];
export const EXAMPLE_CONFIG = fileURLToPath(new URL("driftwatch.yaml", root));
