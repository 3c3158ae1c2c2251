import { formatProblems, type Problem } from "../config/problem.ts";

/** Something a person should read instead of a stack trace: what is wrong, what to do, and the exit code. */
export class CliFailure extends Error {
  override readonly name = "CliFailure";
  readonly hint: string;
  readonly exitCode: 1 | 2;

  constructor(message: string, hint: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

export function configFailure(problems: readonly Problem[]): CliFailure {
  return new CliFailure(formatProblems(problems), "", 2);
}
