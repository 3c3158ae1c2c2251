import { note } from "./command.ts";
import type { Io } from "./io.ts";
import { first } from "./request.ts";
import { formatTable, type Column } from "./table.ts";
import { jsonLines } from "./text.ts";

/** Shows a list, up to a limit: as lines of JSON, as a table, or in words when there is nothing in it. */
export async function showList<Item>(
  io: Io,
  { limit, json }: { readonly limit: number; readonly json?: boolean },
  source: AsyncGenerator<Item>,
  told: {
    readonly empty: string;
    readonly columns: readonly Column[];
    readonly row: (item: Item) => readonly string[];
    /** Of a table; JSON stays in the order of the API. */
    readonly order?: (a: Item, b: Item) => number;
  },
): Promise<readonly Item[]> {
  const { items, more } = await first(limit, source);
  if (json) io.stdout.write(jsonLines(items));
  else if (items.length === 0) note(io, told.empty);
  else {
    const shown = told.order === undefined ? items : items.toSorted(told.order);
    io.stdout.write(formatTable(told.columns, shown.map(told.row), io.stdout.columns));
  }
  if (more) note(io, `There are more than ${limit}: --limit shows more.`);
  return items;
}
