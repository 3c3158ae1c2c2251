/**
 * Whether the text that is kept of a ranked answer is JSON: a list of items, or items and their gains. Any other text is one
 * item.
 */
export function isRankedJson(text: string): boolean {
  return /^[[{]/.test(text);
}
