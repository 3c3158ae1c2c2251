/** Seeded events as a serving system would send them: what the benchmarks of ingestion read. */

import { mulberry32 } from "../../test/support/mulberry32.ts";
import { drawNormal } from "./chance.ts";

export type Shape = {
  readonly features: number;
  /** Whether some of the features are texts. A plain map of numbers cannot hold those. */
  readonly mixed: boolean;
};

const MODEL = "bench";
const START = Date.UTC(2026, 2, 1);

/** One column in turn: normal with two decimals, heavy-tailed, whole, narrow, a fifth missing, normal in full. */
function featureValue(place: number, random: () => number, mixed: boolean): number | string | null {
  const normal = drawNormal(random);
  if (mixed && place % 10 === 7) return `c${Math.floor(1000 * random() ** 3)}`;
  switch (place % 6) {
    case 0:
      return Math.round(100 * normal) / 100;
    case 1:
      return Math.round(1e4 * Math.exp(2 * normal)) / 1e4;
    case 2:
      return Math.floor(50 * random());
    case 3:
      return 2016 + Math.floor(8 * random());
    case 4:
      return random() < 0.2 ? null : Math.round(1e4 * normal) / 1e4;
    default:
      return Math.round(1e6 * normal) / 1e6;
  }
}

/** The values of prediction events number `from` to `from + count`, one every `every` milliseconds. */
export function predictionEvents(shape: Shape, from: number, count: number, every = 20): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const random = mulberry32(number * 7919 + shape.features);
    const features: Record<string, number | string | null> = {};
    for (let place = 0; place < shape.features; place++) features[`feature_${place}`] = featureValue(place, random, shape.mixed);
    const score = Math.round(1e4 * random()) / 1e4;
    return Buffer.from(
      JSON.stringify({
        type: "prediction",
        id: eventId(number),
        model: MODEL,
        version: "v1",
        time: new Date(START + number * every).toISOString(),
        features,
        prediction: score > 0.5 ? "yes" : "no",
        score,
        latency_ms: Math.round(1e3 * (1 + 9 * random())) / 1e3,
      }),
    );
  });
}

/** Ids in no order, as UUIDs are. */
export function eventId(number: number): string {
  const random = mulberry32(number ^ 0x5bd1e995);
  const part = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return `${part()}-${part()}-${number.toString(16).padStart(8, "0")}`;
}

export const BENCH_MODEL = MODEL;
export const BENCH_START = START;
