import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { promtool, promtoolSkipReason } from "../support/promtool.ts";

const directory = fileURLToPath(new URL("../../deploy/prometheus/", import.meta.url));
const RULES = join(directory, "driftwatch.rules.yml");
const PROOF = join(directory, "driftwatch.rules.test.yml");

type Rule = { alert: string; expr: string; labels: { severity: string }; annotations: { summary: string; description: string } };
const rules = (parse(readFileSync(RULES, "utf8")) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

describe.skipIf(promtoolSkipReason() !== null)("the alert rules for Prometheus", () => {
  test("are rules", () => {
    expect(promtool(["check", "rules", RULES])).toEqual({ code: 0, said: expect.stringContaining(`${rules.length} rules found`) });
  });

  test("fire when they should, and not when they should not", () => {
    expect(promtool(["test", "rules", PROOF])).toEqual({ code: 0, said: expect.stringContaining("SUCCESS") });
  });
});

test("every rule stands on documented metrics, says what to do, and is shown firing", () => {
  const documented = new Set(
    [...readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8").matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name),
  );
  const proof = parse(readFileSync(PROOF, "utf8")) as { tests: { alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[] };
  const shown = proof.tests.flatMap((one) => one.alert_rule_test ?? []);
  expect(rules.length).toBeGreaterThan(5);
  for (const { alert, expr, labels, annotations } of rules) {
    const used = expr.match(/(?:driftwatch|process)_\w+/g) ?? [];
    expect([alert, used.filter((name) => !documented.has(name))]).toEqual([alert, []]);
    expect([alert, used.length]).toEqual([alert, expect.toSatisfy((count: number) => count > 0)]);
    expect(["warning", "critical"]).toContain(labels.severity);
    expect([alert, annotations]).toEqual([alert, { summary: expect.stringMatching(/\.$/), description: expect.stringMatching(/\.$/) }]);
    expect([alert, shown.some((one) => one.alertname === alert && one.exp_alerts.length > 0)]).toEqual([alert, true]);
    // At once on a counter's growth; else there is a near miss too.
    expect([alert, expr.startsWith("increase(") || shown.some((one) => one.alertname === alert && one.exp_alerts.length === 0)]).toEqual([
      alert,
      true,
    ]);
  }
});
