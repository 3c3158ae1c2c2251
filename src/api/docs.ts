import { readFileSync } from "node:fs";
import { html } from "hono/html";
import * as z from "zod";
import { pathNames, type Route } from "./route.ts";

export const DOCS_STYLE = readFileSync(new URL("./docs.css", import.meta.url), "utf8");

export const DOCS_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f6b74"/></svg>`;

/** The API, to read: made of the same routes as the OpenAPI document. */
export function docsPage(routes: readonly Route[], version: string) {
  const tags = [...new Set(routes.map((route) => route.tag))];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>API · driftwatch</title>
        <link rel="stylesheet" href="/docs/style.css" />
        <link rel="icon" href="/docs/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <main>
          <p class="home"><a href="/">driftwatch</a></p>
          <h1>API <small>${version}</small></h1>
          <p>Times are RFC 3339 in UTC, windows half-open: <code>from</code> is in them, <code>to</code> is not. Lists come in pages: pass <code>next_cursor</code> on as <code>cursor</code>. Errors are RFC 9457 problems, with a <code>hint</code>. For programs there is <a href="/openapi.json">/openapi.json</a>.</p>
          <nav>${tags.map((tag) => html`<a href="#${tag.toLowerCase()}">${tag}</a> `)}</nav>
          ${tags.map((tag) => html`<section id="${tag.toLowerCase()}"><h2>${tag}</h2>${routes.filter((route) => route.tag === tag).map(operation)}</section>`)}
        </main>
      </body>
    </html>`;
}

function operation(route: Route) {
  const query = Object.entries(route.query).map(([name, schema]) =>
    parameter(name, "query", z.toJSONSchema(schema as z.ZodType, { io: "input" }) as JsonSchema),
  );
  const path = pathNames(route.path).map((name) => parameter(name, "path", { type: "string" }));
  return html`<article>
    <h3><span class="method">${route.method}</span> <code>${route.path}</code></h3>
    <p>${route.summary} ${route.description ?? ""}</p>
    <p class="scope">${route.scope === null ? "Open to anyone." : html`Scope: <code>${route.scope}</code>`}</p>
    ${path.length + query.length === 0 ? "" : html`<div class="scroll"><table><thead><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr></thead><tbody>${path}${query}</tbody></table></div>`}
    ${Object.entries(route.body ?? {}).map(([type, { example }]) => html`<details><summary>${type}</summary><pre>${typeof example === "string" ? example : JSON.stringify(example, null, 2)}</pre></details>`)}
    ${Object.entries(route.answers).map(([type, schema]) => html`<details><summary>Answer: ${type}</summary><pre>${JSON.stringify(z.toJSONSchema(schema), null, 2)}</pre></details>`)}
  </article>`;
}

type JsonSchema = { description?: string; enum?: readonly string[]; format?: string; type?: string };

function parameter(name: string, place: string, schema: JsonSchema) {
  return html`<tr>
    <td><code>${name}</code></td>
    <td>${place}</td>
    <td>${schema.description ?? ""}${schema.enum ? html` One of ${schema.enum.map((value, index) => html`${index === 0 ? "" : ", "}<code>${value}</code>`)}.` : ""}</td>
  </tr>`;
}
