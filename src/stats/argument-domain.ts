/**
 * Guards for the arguments of this folder.
 *
 * The folder follows one rule. A question that the data cannot answer (no rows, no positives, a constant) is
 * answered `null`. A question that makes no sense (a negative count, a confidence of 95 instead of 0.95, a NaN) is a
 * mistake in the calling code and throws a RangeError here, at the door, so that no NaN travels onwards.
 */

/** Throws a RangeError unless `value` is a finite number of at least 0. Cost: constant. */
export function requireNonNegative(name: string, value: number): void {
  if (!(value >= 0 && value < Infinity)) throw new RangeError(`${name} must be a finite number of at least 0, got ${value}`);
}

/** Throws a RangeError unless `value` is finite. Cost: constant. */
export function requireFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be finite, got ${value}`);
}

/** Throws a RangeError unless `value` is an integer of at least `least`. Cost: constant. */
export function requireInteger(name: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least)) {
    throw new RangeError(`${name} must be an integer of at least ${least}, got ${value}`);
  }
}

/** Throws a RangeError unless `value` lies in [0, 1]. Cost: constant. */
export function requireProbability(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} must lie in [0, 1], got ${value}`);
}

/** Throws a RangeError unless `value` lies strictly between 0 and 1, as a confidence level must. Cost: constant. */
export function requireOpenProbability(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`${name} must lie strictly between 0 and 1, got ${value}`);
}

/** Throws a RangeError unless both lists have one length and hold only finite numbers of at least 0. Cost: linear. */
export function requirePairedCounts(reference: readonly number[], current: readonly number[]): void {
  if (reference.length !== current.length) {
    throw new RangeError(`reference has ${reference.length} bins and current has ${current.length}`);
  }
  // By place: an iterator over lists of every kind there is makes an object for each count.
  for (let bin = 0; bin < reference.length; bin++) {
    const then = reference[bin]!;
    const now = current[bin]!;
    if (!(then >= 0 && then < Infinity)) requireNonNegative("a reference count", then);
    if (!(now >= 0 && now < Infinity)) requireNonNegative("a current count", now);
  }
}
