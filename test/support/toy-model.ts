/** A made-up binary model: one number that decides, one category, one score; seeded, so that every run is the same. */

import { mulberry32 } from "./mulberry32.ts";

export type ToyDay = { readonly shift?: number; readonly wrong?: number; readonly rows?: number };

export function createToyModel(seed = 7) {
  const chance = mulberry32(seed);
  /** Uniform on (0, 1): its logarithm is a number. */
  const uniform = () => chance() + 2 ** -33;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());

  /** One day of predictions with the labels that belong to them. `shift` moves the number, `wrong` is the error rate. */
  function day(start: number, { shift = 0, wrong = 0.1, rows = 120 }: ToyDay = {}) {
    const predictions = [];
    const labels = [];
    for (let index = 0; index < rows; index += 1) {
      const time = start + Math.floor(((index + uniform()) * 86_400_000) / rows);
      const id = `${new Date(start).toISOString().slice(0, 10)}-${index}`;
      const predicted = uniform() < 0.4;
      const actual = uniform() < wrong ? !predicted : predicted;
      const score = predicted ? 0.55 + 0.4 * uniform() : 0.45 * uniform();
      predictions.push({
        type: "prediction",
        id,
        model: "toy",
        version: "1",
        time: new Date(time).toISOString(),
        features: { amount: Number((10 + 2 * normal() + shift).toFixed(3)), colour: ["red", "green", "blue"][Math.floor(uniform() * 3)] },
        prediction: predicted ? "yes" : "no",
        score: Number(score.toFixed(4)),
      });
      labels.push({ type: "label", id, model: "toy", time: new Date(time + 3_600_000).toISOString(), label: actual ? "yes" : "no" });
    }
    return { predictions, labels };
  }
  return { day };
}
