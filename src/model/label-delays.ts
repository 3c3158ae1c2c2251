/**
 * How long labels take is counted in whole buckets of the model, from the bucket of the prediction to that of its label: all rows of a
 * bucket have then been waited for equally long. A delay has a bin of its own up to `FINE`, and shares one of `OCTAVE` to each
 * doubling beyond.
 */
const FINE = 256;
const OCTAVE = 32;
const MOST_BINS = FINE + 16 * OCTAVE;

/** The bin of a delay, in buckets; said again in SQL by `delayBinSql`. */
export function delayBin(buckets: number): number {
  return Math.min(MOST_BINS - 1, buckets < FINE ? buckets : FINE + Math.floor(OCTAVE * Math.log2(buckets / FINE)));
}

/** The same in SQL, of a number of whole buckets. */
export const delayBinSql = (buckets: string): string =>
  `toUInt16(least(${MOST_BINS - 1}, if(${buckets} < ${FINE}, toFloat64(${buckets}), ${FINE} + floor(${OCTAVE} * log2(${buckets} / ${FINE})))))`;

/** The shortest delay of a bin. */
export function delayOfBin(bin: number): number {
  return bin < FINE ? bin : Math.ceil(FINE * 2 ** ((bin - FINE) / OCTAVE) - 1e-6);
}
