import { describe, expect, it } from "vitest";
import type { Transition } from "../../src/model/alert.ts";
import { DAY } from "../../src/model/time.ts";
import { webhookBody } from "../../src/notify/alert-json.ts";
import { htmlBody as htmlOf } from "../../src/notify/mail-html.ts";
import { textBody } from "../../src/notify/mail-text.ts";
import { alertLines, subjectText } from "../../src/notify/message.ts";
import { DAY_0, exampleEnd, exampleTransition } from "../alerting/examples.ts";
import { exampleNotification } from "./examples.ts";

const htmlBody = (notification: Parameters<typeof htmlOf>[0]) => htmlOf(notification).html;

const fired = exampleTransition();
const resolved = exampleEnd();
const firedAgain = exampleTransition({
  id: "t3",
  alertId: "t3",
  window: { from: DAY_0 + 2 * DAY, to: DAY_0 + 3 * DAY },
});

describe("the lines of a message", () => {
  it.each<[string, Transition[], { state: string; untoldFiring: boolean }]>([
    ["a firing", [fired], { state: "firing", untoldFiring: false }],
    ["an end", [resolved], { state: "resolved", untoldFiring: false }],
    ["a firing nobody heard of, and its end", [fired, resolved], { state: "resolved", untoldFiring: true }],
    ["the same, handed over in another order", [resolved, fired], { state: "resolved", untoldFiring: true }],
    ["an end and a new firing", [resolved, firedAgain], { state: "firing", untoldFiring: false }],
  ])("%s make one line with the final state", (_name, transitions, expected) => {
    expect(alertLines(exampleNotification(transitions))).toMatchObject([expected]);
  });

  it("put what is urgent first", () => {
    const on = (subject: string, changes: Partial<Transition>) =>
      exampleTransition({
        id: subject,
        alertId: subject,
        key: { ...fired.key, subject },
        ...changes,
      });
    const lines = alertLines(
      exampleNotification([on("over", { to: "resolved" }), on("mild", { severity: "info" }), on("bad", { severity: "critical" })]),
    );
    expect(lines.map(({ key }) => key.subject)).toEqual(["bad", "mild", "over"]);
  });
});

describe("the text of a message", () => {
  it("says everything the person on call needs", () => {
    expect(subjectText(exampleNotification([fired]))).toBe("[firing, warning] flight-delay: visib (feature-drift)");
    expect(textBody(exampleNotification([fired]))).toBe(
      `Model flight-delay: 1 firing

Firing (warning): visib
  visib is 1.61 times what it was.
  Likely: kilometres for miles
  Version: 2013-q1
  Rule: feature-drift
  Since: 2013-09-02T00:00:00Z
  Window: 2013-09-02T00:00:00Z to 2013-09-03T00:00:00Z
  → Why: https://dw.example/alerts/t1
  → Look closer: driftwatch drift --model flight-delay --from 2013-09-02T00:00:00Z --to 2013-09-03T00:00:00Z
  → Over time: https://dw.example/models/flight-delay/features/visib
  → Take it up, and be told no more of it: driftwatch ack t1

All alerts: https://dw.example/models/flight-delay
`,
    );
    expect(textBody(exampleNotification([fired, resolved], { link: null }))).toMatch(
      /^Model flight-delay: 1 resolved\n\nFired and resolved: visib\n {2}visib is back\.\n/,
    );
  });

  it("names what moved in the subject, once, and how far where it is the model that got worse", () => {
    const named = (...transitions: Transition[]) => subjectText(exampleNotification(transitions));
    const other = exampleTransition({ id: "t4", alertId: "t4", key: { ...fired.key, version: "2013-h1" } });
    expect(named(fired, other)).toBe("[firing, warning] flight-delay: visib (feature-drift)");
    const key = { ...fired.key, rule: "accuracy-drop", subject: "performance" };
    const explanation = { ...fired.explanation, metric: "accuracy", value: 0.78713, expected: 0.90961 } as const;
    const worse = exampleTransition({ key, explanation });
    expect(named(worse)).toBe("[firing, warning] flight-delay: accuracy 0.91 → 0.787 (accuracy-drop)");
    expect(named({ ...worse, to: "resolved" })).toBe("[resolved] flight-delay: accuracy (accuracy-drop)");
    expect(textBody(exampleNotification([worse]))).toContain("Firing (warning): accuracy\n");
  });

  it("lets no name from an event become markup or another line", () => {
    const nasty = `<script>alert("1")</script>\r\nBcc: x@example.com\u2028'`;
    const hostile = exampleTransition({
      key: { ...fired.key, model: nasty, subject: nasty, version: nasty, segment: nasty },
      summary: nasty,
      explanation: { ...fired.explanation, likely: nasty, hints: [nasty] },
    });
    const notification = exampleNotification([hostile], { model: nasty });
    expect(subjectText(notification)).not.toMatch(/[\r\n\u2028]/);
    expect(htmlBody(notification)).not.toContain("<script");
    expect(htmlBody(notification)).toContain("&#60;script&#62;");
    expect(textBody(notification)).not.toMatch(/^Bcc/m);
  });
});

describe("the body of a webhook", () => {
  it("has the shape of the API", () => {
    const { data, ...rest } = JSON.parse(webhookBody(exampleNotification([fired])));
    expect(rest).toEqual({ type: "alerts", timestamp: "2013-09-03T00:00:00Z" });
    expect(data).toMatchObject({ model: "flight-delay", omitted: 0 });
    expect(data.alerts).toMatchObject([
      {
        id: "t1",
        rule: "feature-drift",
        state: "firing",
        severity: "warning",
        model: "flight-delay",
        version: "2013-q1",
        segment: null,
        features: ["visib"],
        since: "2013-09-02T00:00:00Z",
        acknowledged_by: null,
        silenced_by: null,
        explanation: { p_value: 0.0004, detail: { null_windows: 38 } },
      },
    ]);
  });

  it("stays below 20 kB, whatever it has to say, and says what it leaves out", () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      exampleTransition({
        id: `${index}`,
        alertId: `${index}`,
        key: { ...fired.key, subject: `f${index}` },
        summary: "é".repeat(5_000),
      }),
    );
    const body = webhookBody(exampleNotification(many));
    expect(Buffer.byteLength(body)).toBeLessThan(20_000);
    const { data } = JSON.parse(body);
    expect(data.alerts.length).toBeGreaterThan(3);
    expect(data.alerts.length + data.omitted).toBe(500);
    const huge = webhookBody(exampleNotification([exampleTransition({ key: { ...fired.key, subject: "x".repeat(30_000) } })]));
    expect(JSON.parse(huge).data).toMatchObject({ alerts: [], omitted: 1 });
    // What a job says of itself is up to 4,000 letters, of any kind.
    const noted = webhookBody(exampleNotification([fired], { note: "\u0001".repeat(3_000) + "é".repeat(1_000) }));
    expect(Buffer.byteLength(noted)).toBeLessThan(20_000);
    expect(JSON.parse(noted).data.alerts).toHaveLength(1);
  });

  it("looks no further than what can be in it: ten thousand alerts take no longer", () => {
    let looked = 0;
    const many = Array.from({ length: 10_000 }, (_, index) => {
      const transition = exampleTransition({ id: `${index}`, alertId: `${index}`, key: { ...fired.key, subject: `f${index}` } });
      const { explanation } = transition;
      return Object.defineProperty({ ...transition }, "explanation", { get: () => ((looked += 1), explanation) });
    });
    const { data } = JSON.parse(webhookBody(exampleNotification(many)));
    expect(data.alerts.length + data.omitted).toBe(10_000);
    expect(looked).toBeLessThan(1_000);
  });
});
