import type { Tools } from "../alerting/judge.ts";
import { benjaminiHochberg } from "../stats/benjamini-hochberg.ts";
import { normalSf } from "../stats/normal.ts";

/** What judging needs of statistics, wherever it is done. */
export const STATISTICS: Tools = { adjust: benjaminiHochberg, upperTail: normalSf };
