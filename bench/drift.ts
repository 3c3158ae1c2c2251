import { parseArgs } from "node:util";
import { fill, runTicks } from "./drift-ticks.ts";
import type { State } from "./support/drift-columns.ts";
const { values } = parseArgs({ options: { child: { type: "string" } } });
const days: State[] = Array.from({ length: 12 }, (_, day) => (day % 2 === 0 ? "still" : "moved"));
if (values.child) { console.log(JSON.stringify(await runTicks(values.child, days))); }
else { const t = Date.now(); await fill("/tmp/speed/d20", { features: 20, rows: 1_000_000, days, versions: 1, hours: 24 }, true); console.log(Date.now() - t); }
