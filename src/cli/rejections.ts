import type { Origin } from "../model/event.ts";
import { figure, formatTable } from "./table.ts";

type Example = { readonly file: string; readonly line: number; readonly message: string };
type RejectedReason = { readonly reason: string; readonly count: number; readonly examples: readonly Example[] };

export type Rejections = {
  add(origin: Origin | undefined, reason: string, message: string): void;
  total(): number;
  /** Most frequent first. */
  byReason(): RejectedReason[];
};

const EXAMPLES = 3;

/** Counts rejected events by reason and keeps the first of each, whose place a person can look up. */
export function createRejections(fileOf: (topic: string) => string): Rejections {
  const reasons = new Map<string, { count: number; examples: Example[] }>();
  let total = 0;

  function add(origin: Origin | undefined, reason: string, message: string): void {
    total++;
    const known = reasons.get(reason) ?? { count: 0, examples: [] };
    known.count++;
    if (known.examples.length < EXAMPLES && origin)
      known.examples.push({ file: fileOf(origin.topic), line: Number(origin.offset), message });
    reasons.set(reason, known);
  }

  const byReason = () =>
    [...reasons].map(([reason, { count, examples }]) => ({ reason, count, examples })).sort((a, b) => b.count - a.count);
  return { add, total: () => total, byReason };
}

export function rejectionTable(rejections: Rejections, width: number | null): string {
  const rows = rejections
    .byReason()
    .flatMap(({ reason, count, examples }) =>
      examples.map(({ file, line, message }, at) => [
        at === 0 ? reason : "",
        at === 0 ? count.toLocaleString("en-US") : "",
        `${file}:${line}`,
        message,
      ]),
    );
  return formatTable(
    [{ title: "reason" }, figure("events"), { title: "for example", keepsEnd: true }, { title: "message", flexible: true }],
    rows,
    width,
  );
}
