import type { Features } from "./event.ts";

/** The features that are numbers, by name. */
export function numbersOf({ names, numbers }: Features): Map<string, number> {
  return new Map(
    names.flatMap((name, place): [string, number][] => {
      const value = numbers[place];
      return value === undefined || Number.isNaN(value) ? [] : [[name, value]];
    }),
  );
}

/** The features that are texts, by name. */
export function categoriesOf({ names, categoryPlaces, categories }: Features): Map<string, string> {
  return new Map(categoryPlaces.map((place, index) => [names[place] ?? "", categories[index] ?? ""]));
}
