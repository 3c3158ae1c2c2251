import type { Notification } from "../model/alert.ts";
import {
  alertLines,
  allSteps,
  facts,
  headline,
  likelyOf,
  noteOf,
  oneLine,
  omitted,
  percentText,
  shownBins,
  summaryOf,
  titleOf,
  type AlertLine,
} from "./message.ts";
import { barsPicture, PAIR_HEIGHT } from "./picture.ts";

const SHOWN = 50;
const PICTURES = 10;

/** A picture that travels with the mail, by the name under which the HTML shows it. */
export type Picture = { readonly cid: string; readonly content: Buffer };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** The message as HTML: styles in place, no script, nothing to fetch. Its pictures are parts of the mail. */
export function htmlBody(notification: Notification): { html: string; pictures: readonly Picture[] } {
  const lines = alertLines(notification);
  const { link } = notification;
  const note = noteOf(notification);
  const pictures: Picture[] = [];
  const blocks = lines.slice(0, SHOWN).map((line) => {
    const bins = shownBins(line);
    const picture =
      bins.length === 0 || pictures.length >= PICTURES
        ? null
        : { cid: `bins-${pictures.length + 1}-${notification.id.slice(0, 16)}@driftwatch`, content: barsPicture(bins) };
    if (picture !== null) pictures.push(picture);
    return alertBlock(line, notification, picture);
  });
  const more = omitted(lines.length, SHOWN);
  const all = link === null ? "" : `<p><a href="${escapeHtml(link)}">All alerts of this model</a></p>`;
  const style = "font-family:system-ui,sans-serif;font-size:15px;line-height:1.4;color:#222;max-width:720px";
  const html = [
    `<!doctype html><html lang="en"><body><div style="${style}">`,
    `<h1 style="font-size:18px">${escapeHtml(headline(notification, lines))}</h1>`,
    note === null ? "" : `<p style="color:#b26a00">${escapeHtml(note)}</p>`,
    ...blocks,
    more === null ? "" : `<p>${more}</p>`,
    all,
    "</div></body></html>",
  ].join("");
  return { html, pictures };
}

function alertBlock(line: AlertLine, notification: Notification, picture: Picture | null): string {
  const colour = line.state === "resolved" ? "#2e7d32" : line.severity === "critical" ? "#b71c1c" : "#b26a00";
  const likely = likelyOf(line);
  const rows = facts(line).map(
    ([name, value]) => `<tr><td style="padding:0 12px 0 0;color:#666">${name}</td><td>${escapeHtml(value)}</td></tr>`,
  );
  const steps = allSteps(line, notification).map(({ name, text, href }) =>
    href === null ? `<li>${name}: <code>${escapeHtml(text)}</code></li>` : `<li><a href="${escapeHtml(href)}">${name}</a></li>`,
  );
  return [
    `<div style="border-left:4px solid ${colour};padding:4px 12px;margin:16px 0">`,
    `<p style="margin:0;color:${colour}"><strong>${escapeHtml(titleOf(line, notification))}</strong></p>`,
    `<p style="margin:8px 0">${escapeHtml(summaryOf(line))}</p>`,
    likely === null ? "" : `<p style="margin:8px 0">Likely: ${escapeHtml(likely)}</p>`,
    binTable(line, picture),
    `<table style="border-collapse:collapse;font-size:13px">${rows.join("")}</table>`,
    steps.length === 0 ? "" : `<ul style="font-size:13px">${steps.join("")}</ul>`,
    "</div>",
  ].join("");
}

/** What changed most, in figures, and beside them the same as bars where there is room for a picture. */
function binTable(line: AlertLine, picture: Picture | null): string {
  const bins = shownBins(line);
  if (bins.length === 0) return "";
  const shown = PAIR_HEIGHT / 2;
  const image =
    picture === null
      ? ""
      : `<td rowspan="${bins.length}" style="padding:0 0 0 12px"><img src="cid:${picture.cid}" width="200" height="${bins.length * shown}" alt="Before in grey, after in red" style="display:block"></td>`;
  const rows = bins.map(
    (bin, index) =>
      `<tr style="height:${shown}px"><td>${escapeHtml(oneLine(bin.bin, 60))}</td><td align="right" style="padding:0 0 0 12px;color:#666">${percentText(bin.reference)}</td><td align="right" style="padding:0 0 0 12px;color:#c62828">${percentText(bin.current)}</td>${index === 0 ? image : ""}</tr>`,
  );
  const head = `<tr><th align="left">Values</th><th align="right" style="padding:0 0 0 12px">Before</th><th align="right" style="padding:0 0 0 12px">After</th></tr>`;
  return `<table cellspacing="0" cellpadding="0" style="border-collapse:collapse;font-size:13px;margin:8px 0">${head}${rows.join("")}</table>`;
}
