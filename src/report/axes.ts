import type { Millis } from "../model/time.ts";
import { html, type Markup } from "./markup.ts";
import { shortDay } from "./words.ts";

/** What the drawings share. They are SVG, coloured by classes alone: no style of their own, no script. */

export const round = (value: number): number => Math.round(value * 10) / 10;

export const WIDTH = 980;

export type Scale = (value: number) => number;
export const scale =
  (low: number, high: number, from: number, to: number): Scale =>
  (value) =>
    round(from + ((value - low) / (high - low || 1)) * (to - from));

export function ticks(low: number, high: number): number[] {
  const raw = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((one) => one * power >= raw) ?? 10) * power;
  const found: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}

export function timeAxis(points: readonly { from: Millis }[], x: Scale, y: number): Markup[] {
  const each = Math.max(1, Math.ceil(points.length / 10));
  return points.flatMap((point, index) =>
    index % each === 0 && x(point.from) < WIDTH - 50
      ? [html`<text class="axis" x="${x(point.from)}" y="${y}">${shortDay(point.from)}</text>`]
      : [],
  );
}

export function shorten(text: string, limit: number): string {
  const letters = Array.from(text);
  return letters.length > limit ? `${letters.slice(0, limit - 1).join("")}…` : text;
}
