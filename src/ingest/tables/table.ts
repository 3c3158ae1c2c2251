import type { FeatureType } from "../../model/settings.ts";

/**
 * A moment as a file of columns with types says it: an RFC 3339 time, without an offset where it is that of a clock
 * on some wall. Told apart from texts, since a feature can be a text and not a moment.
 */
export class Moment {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** One row, its cells in the order of the columns that were asked for; null where there is no value. */
export type TableRow = {
  /** The line it ends on, or which row it is: from 1. */
  readonly number: number;
  readonly cells: readonly unknown[];
};

/** A file of rows and columns, opened. */
export type Table = {
  readonly columns: readonly string[];
  /** What the values of columns are that nobody gave a type, where the file itself does not say. Reads all of it. */
  guessTypes(columns: readonly string[]): Promise<ReadonlyMap<string, FeatureType>>;
  rows(columns: readonly string[]): AsyncIterable<readonly TableRow[]>;
};
