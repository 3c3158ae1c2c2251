import type { Prediction } from "../../src/model/event.ts";
import { categoriesOf, numbersOf } from "../../src/model/features.ts";

/** A prediction with its features by name, as a test speaks of them. */
export function byName({ features, ...rest }: Prediction) {
  const numbers = numbersOf(features);
  const categories = categoriesOf(features);
  const { names, embeddings, unparsable } = features;
  const isOther = (name: string) => !numbers.has(name) && !categories.has(name) && !embeddings.has(name) && !unparsable.includes(name);
  return { ...rest, numbers, categories, embeddings, unparsable, missing: names.filter(isOther) };
}
