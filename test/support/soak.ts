/** Whether this is the long run: `npm run test:soak`. */
export const SOAK = process.env["SOAK"] === "1";

/** How often, or how long: a little on every run, and what the failure table asks for on the long one. */
export function often(short: number, long: number): number {
  return SOAK ? long : short;
}
