import * as z from "zod";

/** What receivers take, as their documentation has it: everything beyond is refused, or cut where it should not be. */

const plain = (longest: number) =>
  z.strictObject({ type: z.literal("plain_text"), text: z.string().min(1).max(longest), emoji: z.boolean() });
const link = z.strictObject({
  type: z.literal("mrkdwn"),
  text: z.string().regex(/^<https?:\/\/[^<>|\s]+\|[\w ]+>$/),
  verbatim: z.literal(true),
});

/** An incoming webhook: at most 50 blocks, a header of 150, sections of 3,000, ten elements of 2,000 in a context. */
export const slackMessage = z.strictObject({
  text: z.string().min(1).max(40_000),
  blocks: z
    .array(
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("header"), text: plain(150) }),
        z.strictObject({ type: z.literal("section"), text: plain(3_000) }),
        z.strictObject({
          type: z.literal("context"),
          elements: z
            .array(z.union([plain(2_000), link]))
            .min(1)
            .max(10),
        }),
      ]),
    )
    .min(1)
    .max(50),
});

const openUrl = z.strictObject({ type: z.literal("Action.OpenUrl"), title: z.string().optional(), url: z.url({ protocol: /^https?$/ }) });
const textRun = z.strictObject({
  type: z.literal("TextRun"),
  text: z.string().min(1),
  weight: z.enum(["Lighter", "Default", "Bolder"]).optional(),
  size: z.enum(["Small", "Default", "Medium", "Large", "ExtraLarge"]).optional(),
  color: z.enum(["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"]).optional(),
  isSubtle: z.boolean().optional(),
  selectAction: openUrl.optional(),
});

/** A workflow of Teams: one adaptive card, 28 KB in all. RichTextBlock came with version 1.2. */
export const teamsMessage = z.strictObject({
  type: z.literal("message"),
  attachments: z.tuple([
    z.strictObject({
      contentType: z.literal("application/vnd.microsoft.card.adaptive"),
      contentUrl: z.null(),
      content: z.strictObject({
        $schema: z.literal("http://adaptivecards.io/schemas/adaptive-card.json"),
        type: z.literal("AdaptiveCard"),
        version: z.enum(["1.2", "1.3", "1.4", "1.5"]),
        body: z
          .array(
            z.strictObject({
              type: z.literal("RichTextBlock"),
              inlines: z.array(textRun).min(1),
              separator: z.boolean().optional(),
              spacing: z.enum(["None", "Small", "Default", "Medium", "Large", "ExtraLarge", "Padding"]).optional(),
            }),
          )
          .min(1),
        actions: z.array(openUrl).max(6).optional(),
        msteams: z.strictObject({ width: z.literal("Full") }),
      }),
    }),
  ]),
});
export const TEAMS_BYTES = 28 * 1_024;

/** Events API v2: 512 KB, a summary of 1,024, a key of 255. */
export const pagerDutyEvent = z.discriminatedUnion("event_action", [
  z.strictObject({ event_action: z.literal("resolve"), dedup_key: z.string().min(1).max(255), routing_key: z.string().length(32) }),
  z.strictObject({
    event_action: z.literal("trigger"),
    dedup_key: z.string().min(1).max(255),
    routing_key: z.string().length(32),
    client: z.string(),
    client_url: z.url().optional(),
    links: z.array(z.strictObject({ href: z.url({ protocol: /^https?$/ }), text: z.string() })),
    payload: z.strictObject({
      summary: z.string().min(1).max(1_024),
      source: z.string().min(1),
      severity: z.enum(["critical", "error", "warning", "info"]),
      timestamp: z.iso.datetime(),
      component: z.string(),
      group: z.string(),
      custom_details: z.record(z.string(), z.unknown()),
    }),
  }),
]);
export const PAGERDUTY_BYTES = 512 * 1_024;

const labelSet = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string());

/** `POST /api/v2/alerts`: labels and annotations of strings, at least one label, an end not before the beginning. */
export const alertmanagerAlerts = z
  .array(
    z
      .strictObject({
        labels: labelSet.refine(({ alertname }) => alertname !== undefined && alertname !== ""),
        annotations: labelSet,
        startsAt: z.iso.datetime(),
        endsAt: z.iso.datetime(),
        generatorURL: z.url({ protocol: /^https?$/ }).optional(),
      })
      .refine(({ startsAt, endsAt }) => startsAt <= endsAt),
  )
  .min(1);
