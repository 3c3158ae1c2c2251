import { CliFailure } from "./failure.ts";
import type { Connection } from "./connection.ts";

export type Params = Readonly<Record<string, string | undefined>>;

export function pathWith(path: string, params: Params): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined) query.set(name, value);
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** The answer to a request, or a failure with what the API says is wrong. */
export async function ask(connection: Connection, path: string, init?: RequestInit): Promise<Response> {
  const response = await connection.request(path, init);
  if (!response.ok) throw await requestFailure(response);
  return response;
}

export async function askJson<Answer>(connection: Connection, path: string, params: Params = {}): Promise<Answer> {
  const response = await ask(connection, pathWith(path, params));
  return (await response.json()) as Answer;
}

type Problem = { title?: unknown; detail?: unknown; hint?: unknown };

export async function requestFailure(response: Response): Promise<CliFailure> {
  const text = await response.text();
  let problem: Problem = {};
  try {
    problem = (JSON.parse(text) ?? {}) as Problem;
  } catch {
    // A proxy's page, perhaps: the status is all there is to say.
  }
  const said = [problem.detail, problem.title].find((part) => typeof part === "string" && part !== "");
  const message = typeof said === "string" ? said : `The API answered ${response.status} ${response.statusText}.`.replace(" .", ".");
  const hint =
    typeof problem.hint === "string"
      ? problem.hint
      : response.status === 401 || response.status === 403
        ? "Run the command as the user the daemon runs as: its token lies beside the store."
        : "";
  return new CliFailure(
    message,
    hint === "" ? `HTTP status ${response.status}.` : hint,
    response.status === 400 || response.status === 422 ? 2 : 1,
  );
}

/** Items page by page, as the API orders them. */
export async function* askItems<Item>(connection: Connection, path: string, params: Params, pageSize = 500): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page: { items: Item[]; next_cursor?: string | null } = await askJson(connection, path, {
      ...params,
      limit: String(pageSize),
      cursor,
    });
    yield* page.items;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

/** The first `limit` items, and whether there are more. */
export async function first<Item>(limit: number, source: AsyncGenerator<Item>): Promise<{ items: Item[]; more: boolean }> {
  const items: Item[] = [];
  for await (const item of source) {
    if (items.length === limit) return { items, more: true };
    items.push(item);
  }
  return { items, more: false };
}
