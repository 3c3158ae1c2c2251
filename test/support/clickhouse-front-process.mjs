// ClickHouse's HTTP interface over the embedded engine, as much of it as @clickhouse/client uses. One process holds one
// data directory, so this runs beside the tests; it ends when its parent does. Its statuses are a likeness, not a proof.
import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync, gunzipSync } from "node:zlib";
import { Session } from "chdb";

const [directory, username, password] = process.argv.slice(2);

/** Parameters of a request that are not settings. */
const NOT_SETTINGS = new Set([
  "query",
  "database",
  "query_id",
  "session_id",
  "default_format",
  "user",
  "password",
  "role",
  "wait_end_of_query",
  "enable_http_compression",
]);
const STATUS_OF_CODE = new Map([
  [60, 404],
  [81, 404],
  [164, 500],
  [193, 403],
  [194, 403],
  [516, 403],
  [159, 408],
]);
const BAD_REQUEST = new Set([6, 26, 27, 36, 38, 41, 42, 43, 44, 46, 47, 48, 50, 53, 62, 69, 70, 72, 115, 117, 457, 456]);

const quoted = (text) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const identifier = (text) => `\`${text.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;

// Holds the engine open: it would end with the last session.
const root = new Session(directory);

function fault(code, message, type) {
  return new Error(`Code: ${code}. DB::Exception: ${message} (${type})`);
}

function checkCredentials(request) {
  const [user = "", given = ""] = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64")
    .toString()
    .split(/:(.*)/s);
  if (user !== username || given !== password)
    throw fault(516, `${user}: Authentication failed: password is incorrect, or there is no user with such name.`, "AUTHENTICATION_FAILED");
}

async function answer(request, body) {
  checkCredentials(request);
  const asked = new URL(request.url, "http://front").searchParams;
  // A session a request: nothing it sets outlives it.
  const session = new Session(directory);
  try {
    if (asked.has("database")) await session.queryAsync(`USE ${identifier(asked.get("database"))}`);
    const settings = [...asked].filter(([name]) => !NOT_SETTINGS.has(name) && !name.startsWith("param_"));
    // A server applies all settings at once; here `readonly` would forbid those after it.
    settings.sort(([a], [b]) => Number(a === "readonly") - Number(b === "readonly"));
    for (const [name] of settings) if (!/^\w+$/.test(name)) throw fault(115, `Unknown setting '${name}'`, "UNKNOWN_SETTING");
    const parameters = [...asked].filter(([name]) => name.startsWith("param_"));
    for (const [name, value] of [...parameters, ...settings]) await session.queryAsync(`SET ${name} = ${quoted(value)}`);
    const query = asked.get("query");
    const sql = query === null ? body.toString() : `${query}\n${body.toString()}`;
    // A server takes an INSERT without a body for one of no rows.
    if (query !== null && body.length === 0 && /^\s*INSERT\b/i.test(query)) return Buffer.alloc(0);
    const binary = query === null ? null : /^(.*?)(?:\sSETTINGS\s.*)?\sFORMAT\s+Native\s*$/is.exec(query);
    if (binary) {
      // The embedded engine takes text only; bytes go by way of a file.
      const file = join(directory, `front-${randomUUID()}`);
      writeFileSync(file, body);
      try {
        await session.queryAsync(`${binary[1]} FROM INFILE ${quoted(file)} COMPRESSION 'none' FORMAT Native`);
      } finally {
        rmSync(file, { force: true });
      }
      return Buffer.alloc(0);
    }
    const result = await session.queryAsync(sql, { format: asked.get("default_format") ?? "TabSeparated" });
    return Buffer.from(result.bytes());
  } finally {
    session.close();
  }
}

function respond(request, response, status, headers, body) {
  const compress =
    new URL(request.url, "http://front").searchParams.get("enable_http_compression") === "1" &&
    /gzip/.test(request.headers["accept-encoding"] ?? "");
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=UTF-8",
    ...headers,
    ...(compress ? { "Content-Encoding": "gzip" } : {}),
  });
  response.end(compress ? gzipSync(body) : body);
}

async function serve(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const sent = Buffer.concat(chunks);
  if (request.url.startsWith("/ping")) return respond(request, response, 200, {}, "Ok.\n");
  try {
    const body = await answer(request, request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent);
    respond(
      request,
      response,
      200,
      { "X-ClickHouse-Summary": '{"read_rows":"0","read_bytes":"0","written_rows":"0","written_bytes":"0"}' },
      body,
    );
  } catch (error) {
    const message = /^Code: \d+/.test(error.message) ? error.message : `Code: 1001. DB::Exception: ${error.message} (STD_EXCEPTION)`;
    const code = Number(/^Code: (\d+)/.exec(message)[1]);
    const status = STATUS_OF_CODE.get(code) ?? (BAD_REQUEST.has(code) ? 400 : 500);
    respond(request, response, status, { "X-ClickHouse-Exception-Code": String(code) }, `${message}\n`);
  }
}

// A server takes URLs of up to 1 MiB: parameters travel in them.
const server = createServer({ maxHeaderSize: 1024 * 1024 }, (request, response) => {
  serve(request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = 10_000;
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));

process.on("disconnect", () => {
  server.closeAllConnections();
  root.close();
  process.exit(0);
});
