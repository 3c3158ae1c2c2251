import { describe, expect, it } from "vitest";
import type { Notification, Transition } from "../../src/model/alert.ts";
import type { Channel } from "../../src/model/settings.ts";
import { DAY, MINUTE } from "../../src/model/time.ts";
import { createCall } from "../../src/notify/guarded-call.ts";
import { createNotifiers } from "../../src/notify/notifier.ts";
import { createSignedPost } from "../../src/notify/signed-post.ts";
import { DAY_0, exampleEnd, exampleTransition } from "../alerting/examples.ts";
import { HOSTILE_NAMES } from "../support/hostile-text.ts";
import { receiverOfFile } from "../support/receiver-of-file.ts";
import { exampleNotification } from "./examples.ts";
import { alertmanagerAlerts, PAGERDUTY_BYTES, pagerDutyEvent, slackMessage, TEAMS_BYTES, teamsMessage } from "./limits.ts";

const receiver = await receiverOfFile(202);

type Kind = "slack" | "teams" | "pagerduty" | "alertmanager";
const KINDS: readonly Kind[] = ["slack", "teams", "pagerduty", "alertmanager"];

function notifierOf(kind: Kind) {
  const shared = { name: "ops", repeatEvery: null, url: receiver.url };
  const channel: Channel =
    kind === "pagerduty"
      ? { ...shared, type: kind, routingKey: "0123456789abcdef0123456789abcdef" }
      : kind === "alertmanager"
        ? { ...shared, type: kind, labels: new Map([["team", "ml"]]) }
        : { ...shared, type: kind };
  const call = createCall({ allow: ["127.0.0.1"] });
  const notify = createNotifiers(new Map([["ops", channel]]), { call, post: createSignedPost(call) }).get("ops");
  if (!notify) throw new Error("no such channel");
  return notify;
}

const bodies = () => receiver.requests.map(({ body }) => JSON.parse(body) as unknown);

/** Whether a body is within what its receiver takes. */
function expectWithinLimits(kind: Kind): void {
  expect(receiver.requests.length).toBeGreaterThan(0);
  for (const { body, headers } of receiver.requests) {
    expect(headers["content-type"]).toBe("application/json");
    const given: unknown = JSON.parse(body);
    if (kind === "slack") slackMessage.parse(given);
    if (kind === "teams") teamsMessage.parse(given);
    if (kind === "pagerduty") pagerDutyEvent.parse(given);
    if (kind === "alertmanager") alertmanagerAlerts.parse(given);
    if (kind === "teams") expect(Buffer.byteLength(body)).toBeLessThanOrEqual(TEAMS_BYTES);
    if (kind === "pagerduty") expect(Buffer.byteLength(body)).toBeLessThanOrEqual(PAGERDUTY_BYTES);
  }
}

const withBins = exampleTransition();
const fired: Transition = {
  ...withBins,
  explanation: {
    ...withBins.explanation,
    detail: { bins: [{ bin: "DL", reference: 0.12, current: 0.403, contribution: 0.3 }] },
  },
};
const resolved = exampleEnd();

const EVIL = [
  ...HOSTILE_NAMES,
  "<!channel> <@U123> <https://evil.example|click>",
  "*bold* _it_ ~s~ `code` :tada: @here",
  "[click](https://evil.example) ![x](https://evil.example/x.png) {{DATE(2020)}}",
  `"},"blocks":[{"type":"image"`,
  "<script>alert(1)</script>&amp;",
  "\r\nBcc: thief@example.com",
  "\u202Eevil\u200B\uD800",
  "&<>".repeat(5_000),
  "😀".repeat(5_000),
];
const named = (name: string, index: number): Transition => {
  const { explanation } = fired;
  return {
    ...fired,
    id: `evil-${index}`,
    alertId: `evil-${index}`,
    key: { rule: name || "r", model: name, version: name, segment: index % 2 === 0 ? name : null, subject: name },
    summary: `${name} has moved. `.repeat(3),
    explanation: {
      ...explanation,
      likely: name,
      detail: { bins: Array.from({ length: 9 }, () => ({ bin: name, reference: 0.1, current: 0.9, contribution: 1 })) },
      hints: [...explanation.hints, `driftwatch drift --model '${name}'`],
    },
  };
};

describe.each(KINDS)("%s", (kind) => {
  it.each<[string, Notification]>([
    ["a firing", exampleNotification([fired])],
    ["an end", exampleNotification([resolved], { firing: [] })],
    ["a reminder", exampleNotification([fired], { reason: "reminder" })],
    ["a test", exampleNotification([fired], { reason: "test" })],
    ["a note, and no address to link to", exampleNotification([fired], { note: "Ingestion is behind.", link: null })],
    [
      "500 alerts",
      exampleNotification(
        Array.from({ length: 500 }, (_, index) => ({
          ...fired,
          id: `f${index}`,
          alertId: `f${index}`,
          summary: "It has moved. ".repeat(100),
          key: { ...fired.key, subject: `f${index}` },
        })),
      ),
    ],
  ])("takes %s", async (_what, notification) => {
    expect(await notifierOf(kind)(notification)).toEqual({ outcome: "sent", detail: "HTTP 202" });
    expectWithinLimits(kind);
  });

  it("takes hostile names as text, within its limits", async () => {
    for (const [index, name] of EVIL.entries()) {
      receiver.requests.length = 0;
      const transitions = [named(name, index), named(name, index + 1_000)];
      expect(await notifierOf(kind)(exampleNotification(transitions, { model: name }))).toMatchObject({ outcome: "sent" });
      expectWithinLimits(kind);
    }
    receiver.requests.length = 0;
    const all = EVIL.map(named);
    await notifierOf(kind)(exampleNotification(all, { model: "<!everyone>" }));
    expectWithinLimits(kind);
  });

  it("takes a note that repeats what others said as one line of text", async () => {
    await notifierOf(kind)(exampleNotification([fired], { note: "The retraining failed.\r\n\u202Eno memory" }));
    expectWithinLimits(kind);
    expect(receiver.requests[0]?.body).toContain("The retraining failed. no memory");
  });

  it.each([
    [429, { "retry-after": "30" }, { outcome: "retry", detail: "HTTP 429", retryAfter: 30_000 }],
    [500, {}, { outcome: "retry", detail: "HTTP 500", retryAfter: null }],
    [400, {}, { outcome: "failed", detail: "HTTP 400" }],
    [410, {}, { outcome: "failed", detail: "HTTP 410: the receiver wants no more", gone: true }],
  ])("answered with %i", async (status, headers, expected) => {
    receiver.answerWith({ status, headers });
    expect(await notifierOf(kind)(exampleNotification([fired]))).toEqual(expected);
  });
});

describe("Slack", () => {
  it("is told in plain text, with links of our own only", async () => {
    await notifierOf("slack")(exampleNotification([named("<!channel> *x*", 1)], { model: "<!channel>" }));
    const [{ body } = { body: "" }] = receiver.requests;
    expect(body).not.toContain("<!channel>");
    expect(body).toContain("&lt;!channel&gt;");
    expect([...body.matchAll(/<([^|>]+)\|/g)].map(([, href]) => href)).toEqual([
      "https://dw.example/alerts/evil-1",
      "https://dw.example/models/flight-delay",
    ]);
  });

  it("is told what moved", async () => {
    await notifierOf("slack")(exampleNotification([fired]));
    const texts = slackMessage.parse(bodies()[0]).blocks.flatMap((block) => ("text" in block ? [block.text.text] : []));
    expect(texts).toEqual([
      "Model flight-delay: 1 firing",
      "Firing (warning): visib\nvisib is 1.61 times what it was.\nLikely: kilometres for miles\n• DL: 12% → 40.3%",
    ]);
  });
});

describe("Teams", () => {
  it("is told as much as 28 KB hold, and how much that is not", async () => {
    const many = Array.from({ length: 60 }, (_, index) => named("ü".repeat(400), index));
    await notifierOf("teams")(exampleNotification(many.map((one, index) => ({ ...one, key: { ...one.key, subject: `s${index}` } }))));
    expect(receiver.requests[0]?.body).toMatch(/\d+ more alerts are not shown here/);
    expect(Buffer.byteLength(receiver.requests[0]?.body ?? "")).toBeGreaterThan(TEAMS_BYTES / 2);
  });
});

describe("PagerDuty", () => {
  const on = (id: string, rule = "feature-drift", changes: Partial<Transition> = {}): Transition => ({
    ...fired,
    id,
    alertId: id,
    key: { ...fired.key, rule, subject: id },
    ...changes,
  });
  const events = () => bodies() as { event_action: string; dedup_key: string; payload?: { summary: string; severity: string } }[];

  it("has one incident a rule and model, as long as anything of it fires", async () => {
    const notify = notifierOf("pagerduty");
    await notify(exampleNotification([on("a"), on("b", "feature-drift", { severity: "critical" }), on("c", "accuracy-drop")]));
    expect(events().map(({ event_action, payload }) => [event_action, payload?.severity])).toEqual([
      ["trigger", "critical"],
      ["trigger", "warning"],
    ]);
    const [drift, accuracy] = events().map(({ dedup_key }) => dedup_key);
    expect(drift).not.toBe(accuracy);
    receiver.requests.length = 0;
    const end = on("a-over", "feature-drift", { alertId: "a", to: "resolved" });
    await notify(exampleNotification([end], { firing: [on("b")] }));
    await notify(exampleNotification([end], { firing: [on("c", "accuracy-drop")] }));
    expect(events().map(({ event_action, dedup_key }) => [event_action, dedup_key])).toEqual([
      ["trigger", drift],
      ["resolve", drift],
    ]);
  });

  it("opens and closes an incident of its own for a test", async () => {
    await notifierOf("pagerduty")(exampleNotification([on("a")], { reason: "test" }));
    expect(events().map(({ event_action }) => event_action)).toEqual(["trigger", "resolve"]);
    expect(events()[0]?.dedup_key).toMatch(/^driftwatch-test-/);
  });
});

describe("Alertmanager", () => {
  it("knows an alert by what does not change, and forgets it by itself", async () => {
    const at = DAY_0 + DAY;
    const notify = notifierOf("alertmanager");
    await notify(exampleNotification([fired], { at }));
    await notify(exampleNotification([{ ...fired, summary: "Other words." }], { at: at + MINUTE, reason: "reminder" }));
    await notify(exampleNotification([resolved], { at: at + 2 * MINUTE, firing: [] }));
    const alerts = bodies().map((body) => alertmanagerAlerts.parse(body)[0]);
    expect(new Set(alerts.map((alert) => JSON.stringify(alert?.labels))).size).toBe(1);
    expect(alerts[0]?.labels).toEqual({
      alertname: "feature-drift",
      model: "flight-delay",
      version: "2013-q1",
      subject: "visib",
      severity: "warning",
      team: "ml",
    });
    expect(alerts.map((alert) => Date.parse(alert?.endsAt ?? "") - at)).toEqual([15 * MINUTE, 16 * MINUTE, 2 * MINUTE]);
    expect(alerts[0]?.startsAt).toBe("2013-09-02T00:00:00Z");
    expect(receiver.requests[0]?.path).toBe("/hook/api/v2/alerts");
  });
});
