/**
 * Intervals of estimates whose range is bounded: value ± reach standard errors on a scale without bounds, carried back.
 * To first order they are value ± reach·standardError; they stay inside the range and lean the right way near its ends.
 * The arguments are the caller's to check. Each costs constant time.
 */

/**
 * On the scale of log-odds, for values in [0, 1]. Null at 0, at 1 and for standardError 0: the first order says nothing
 * there.
 */
export function logitInterval(value: number, standardError: number, reach: number): [number, number] | null {
  if (value <= 0 || value >= 1 || standardError === 0) return null;
  const logOdds = Math.log(value / (1 - value));
  const step = (reach * standardError) / (value * (1 - value));
  return [1 / (1 + Math.exp(step - logOdds)), 1 / (1 + Math.exp(-step - logOdds))];
}

/** On the logarithmic scale, for values of at least 0. Width 0 for standardError 0, and at 0. */
export function logInterval(value: number, standardError: number, reach: number): [number, number] {
  if (value === 0 || standardError === 0) return [value, value];
  const factor = Math.exp((reach * standardError) / value);
  return [value / factor, value * factor];
}

/** On the scale of Fisher's z, artanh, for values in [-1, 1]. Null at the ends and for standardError 0. */
export function fisherInterval(value: number, standardError: number, reach: number): [number, number] | null {
  if (Math.abs(value) >= 1 || standardError === 0) return null;
  const step = (reach * standardError) / (1 - value * value);
  return [Math.tanh(Math.atanh(value) - step), Math.tanh(Math.atanh(value) + step)];
}
