import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { html, type Markup } from "../report/markup.ts";
import { THEME } from "../report/html.ts";

export const STYLE = `${THEME}\n${readFileSync(new URL("./pages.css", import.meta.url), "utf8")}`;
/** Its name changes with its content, so it may be kept for ever. */
export const STYLE_PATH = `/assets/${createHash("sha256").update(STYLE).digest("hex").slice(0, 12)}.css`;
export const ICON_PATH = "/assets/icon.svg";
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f6b74"/><path d="M5 19c4-7 7-7 11 0s7 5 11-6" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>`;

export type Crumb = { readonly href: string; readonly text: string };

/** A whole page: where one is at the top, then the content. */
export function page(options: { title: string; crumbs: readonly Crumb[]; links: readonly Crumb[]; body: Markup }): string {
  const { title, crumbs, links, body } = options;
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · driftwatch</title><link rel="stylesheet" href="${STYLE_PATH}"><link rel="icon" href="${ICON_PATH}" type="image/svg+xml"></head>
<body>
<header><div><a class="brand" href="/"><svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true"><rect class="v-0" width="32" height="32" rx="8"/><path class="wave" d="M5 19c4-7 7-7 11 0s7 5 11-6"/></svg>driftwatch</a><nav class="crumbs" aria-label="Where you are">${crumbs.map((crumb) => html`<span>/</span><a href="${crumb.href}">${crumb.text}</a>`)}</nav><nav class="links" aria-label="More">${links.map((link) => html`<a href="${link.href}">${link.text}</a>`)}</nav></div></header>
<main>${body}</main>
</body></html>`.text;
}
