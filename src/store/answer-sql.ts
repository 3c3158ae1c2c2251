import type { Task } from "../model/settings.ts";

/**
 * What a row answers as a category, in a list of one or none: its class; of a ranked list the item that stands first, since
 * hardly two lists are the same. An item that is called `[]` is stored as a list of one.
 */
export function answerSql(task: Task): string {
  const answer = "assumeNotNull(predicted_class)";
  if (task !== "ranking") return `if(isNull(predicted_class), [], [${answer}])`;
  return `if(isNull(predicted_class) OR ${answer} = '[]', [], [if(startsWith(${answer}, '['), JSONExtractString(${answer}, 1), ${answer})])`;
}
