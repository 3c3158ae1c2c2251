import { userInfo } from "node:os";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DAY, HOUR } from "../../src/model/time.ts";
import { readSilences } from "../../src/store/silences.ts";
import type { Store } from "../../src/store/store.ts";
import { emptyAlertTables, exampleRule, openTemporaryStore } from "../alerting/examples.ts";
import { apiOver } from "../support/api.ts";
import { seedModel, seedStore, SEED_END } from "../support/seed.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";
import { cli, configFile, connectionTo } from "./terminal.ts";

let store: Store;
let remove: () => Promise<void>;
let now = SEED_END;
const config = configFile("clock: replay\nmodels: {flight-delay: {task: binary, positive: late}}\n");
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
  await seedStore(store);
}, 60_000);
afterAll(() => remove());
beforeEach(async () => {
  await store.execute("TRUNCATE TABLE silences");
  await store.execute("TRUNCATE TABLE acknowledgements");
  now = SEED_END;
});

/** A command line that talks to the API over a real store. */
async function run(...argv: string[]) {
  return runAs({ USER: "ada" }, ...argv);
}

async function runAs(env: Record<string, string>, ...argv: string[]) {
  const { app } = apiOver(store, [seedModel()], { rules: [exampleRule()], clock: () => now });
  const connection = connectionTo(app);
  return cli([...argv, "--config", config], { connect: async () => connection, env });
}

describe("silence", () => {
  it("makes one, lists it and ends it", async () => {
    const made = await run("silence", "--model", "flight-delay", "--rule", "feature-drift", "--for", "2h", "--comment", "known");
    expect(made).toMatchObject({ code: 0, err: "" });
    expect(made.out).toMatch(
      /^Silenced until 2\d{3}-\d\d-\d\d \d\d:\d\d UTC: model flight-delay, rule feature-drift \([0-9a-f-]{36}\)\.\n$/,
    );
    const [silence] = await readSilences(store);
    expect(silence).toMatchObject({ from: SEED_END, to: SEED_END + 2 * HOUR, by: "ada", comment: "known" });
    now += HOUR;
    expect((await run("silence", "list", "--active")).out).toMatch(/yes +model flight-delay, rule feature-drift +ada +known/);
    expect((await run("silence", "end", silence?.id ?? "")).out).toContain("Ended at");
    expect((await run("silence", "list", "--active")).err).toBe("Nothing is silenced now.\n");
    expect((await run("silence", "list")).out).toMatch(/ no /);
    expect(await readSilences(store)).toMatchObject([{ to: SEED_END + HOUR }]);
  });

  it.each([
    [["--model", "flight-delay"], "A silence has an end.", "--for 2h"],
    [["--for", "2h"], "This would silence everything.", "at least one of model"],
    [["--for", "400y", "--model", "flight-delay"], "This silence would end when nobody looks any more.", "hours or days"],
    [["--for", "2h", "--model", "flght"], "There is no model “flght”.", "flight-delay"],
    [["--for", "2h", "--rule", "none"], "There is no rule “none”.", "/v1/rules"],
    [["--for", "2 hours", "--rule", "none"], "duration such as", ""],
  ])("%j is refused, with what to do", async (argv, message, hint) => {
    const { code, err, out } = await run("silence", ...argv);
    expect([code === 1 || code === 2, out]).toEqual([true, ""]);
    expect(err).toContain(message);
    expect(err).toContain(hint);
    expect(await readSilences(store)).toEqual([]);
  });

  it("is made by the user of the machine where the environment names none", async () => {
    expect(await runAs({}, "silence", "--model", "flight-delay", "--for", "2h")).toMatchObject({ code: 0 });
    expect(await readSilences(store)).toMatchObject([{ by: userInfo().username }]);
  });

  it("that there is none of cannot be ended", async () => {
    expect(await run("silence", "end", "../x")).toMatchObject({ code: 1, err: expect.stringContaining("There is no silence") as string });
  });
});

describe("ack", () => {
  it("takes an alert up by the beginning of its id, and alerts say who has it", async () => {
    expect((await run("ack", "a-te", "--comment", "on it")).out).toBe("flight-delay, temp (feature-drift) is taken up by ada.\n");
    await run("silence", "--subject", "temp", "--for", "1d");
    expect((await run("alerts", "--state", "firing")).out).toMatch(/^a-temp .* firing, ada has it, silenced /m);
    const marks = async () => {
      const lines = (await run("alerts", "--state", "firing", "--json")).out.trim().split("\n");
      const items = lines.map((line) => JSON.parse(line) as { id: string; acknowledged_by: unknown; silenced_by: unknown });
      return items.map((item) => [item.id, item.acknowledged_by, item.silenced_by]);
    };
    expect(await marks()).toEqual(
      expect.arrayContaining([
        ["a-temp", "ada", "ada"],
        ["a-accuracy", null, null],
      ]),
    );
    now += DAY;
    expect(await marks()).toEqual(expect.arrayContaining([["a-temp", "ada", null]]));
  });

  it("of an alert that is none, or of several, is refused", async () => {
    expect(await run("ack", "zzz")).toMatchObject({ code: 1, err: expect.stringContaining("There is no alert “zzz”") as string });
    expect(await run("ack", "a-")).toMatchObject({ code: 2, err: expect.stringMatching(/\d alerts have an id that begins so/) as string });
  });
});

describe("channels", () => {
  const channels = (url: string, allow = "[127.0.0.1]") =>
    configFile(`models: {m: {task: binary, positive: late}}
outgoing: {allow: ${allow}}
channels:
  ops: {type: webhook, url: "${url}", secret: sixteen-letters-}
  chat: {type: slack, url: "${url}", repeat_every: 0s}
`);

  it("are listed without their secrets, and tried", async () => {
    const receiver = await startWebhookReceiver();
    try {
      const file = channels(receiver.url);
      const listed = await cli(["channels", "--config", file]);
      expect(listed.out).toMatch(/ops +webhook +3d/);
      expect(listed.out).toMatch(/chat +slack +–/);
      expect(listed.out).not.toContain("sixteen");
      for (const name of ["ops", "chat"]) {
        const { code, out } = await cli(["channels", "test", name, "--config", file]);
        expect([code, out]).toEqual([0, `Sent to ${name} (${name === "ops" ? "webhook" : "slack"}): HTTP 200.\n`]);
      }
      expect(receiver.requests.map(({ body }) => body.includes("This is a test: nothing has happened."))).toEqual([true, true]);
      receiver.answerWith({ status: 403 });
      expect(await cli(["channels", "test", "ops", "--config", file])).toMatchObject({
        code: 1,
        err: expect.stringContaining("ops (webhook) did not take it: HTTP 403.") as string,
      });
    } finally {
      await receiver.stop();
    }
  });

  it("say what to allow, and which there are", async () => {
    const file = channels("http://127.0.0.1:9/", "[]");
    const refused = await cli(["channels", "test", "ops", "--config", file]);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("outgoing: {allow: […]}");
    expect(await cli(["channels", "test", "opps", "--config", file])).toMatchObject({
      code: 2,
      err: expect.stringContaining("Did you mean ops?") as string,
    });
  });
});

it("what an alert is called cannot be taken for more by a terminal", async () => {
  await emptyAlertTables(store);
  const made = await run("silence", "--version", "\u001b[31mred", "--for", "1h");
  expect(made.out).not.toContain("\u001b");
});
