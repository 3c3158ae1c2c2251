import { ANYONE } from "./authorise.ts";
import { text } from "./parameters.ts";

/** What whoever operates says with it, for the record. */
export const by = text("Who does it, for the record.").optional();
export const reason = text("Why, for the record.").optional();

/** Who did it: as they call themselves, and the token they came with, which nobody can make up; without tokens there is none. */
export function inWords(who: string, given: string | undefined): string {
  if (given === undefined || given === "") return who;
  return who === ANYONE ? given : `${given} (${who})`;
}
