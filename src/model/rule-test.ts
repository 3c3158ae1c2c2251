import type { AlertHealth, AlertState } from "./alert.ts";
import type { Measurement } from "./measurement.ts";
import type { Severity } from "./rule.ts";
import type { Millis } from "./time.ts";

/** What is said of one alert at one time: what is left out may be anything. */
export type ExpectedAlert = {
  readonly subject: string;
  readonly version?: string;
  readonly segment?: string;
  readonly state: AlertState;
  readonly severity?: Severity;
  readonly health?: AlertHealth;
  /** Texts that the words of its latest change hold. */
  readonly summary: readonly string[];
};

/** All alerts of a rule that are not at rest after the window that ends then. */
export type Expectation = { readonly at: Millis; readonly alerts: readonly ExpectedAlert[]; readonly line: number };

export type RuleTest = {
  readonly name: string;
  readonly rule: string;
  readonly model: string;
  readonly line: number;
  readonly given:
    | { readonly kind: "measurements"; readonly measurements: readonly Measurement[] }
    | { readonly kind: "events"; readonly config: string; readonly files: readonly string[] };
  readonly expect: readonly Expectation[];
  /** How often somebody was told; absent: not looked at. */
  readonly told?: number;
};
