import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { workplace } from "../config/workplace.ts";
import { spawnDriftwatch, startDaemon } from "../support/daemon.ts";
import { until } from "../support/kafka-until.ts";

// What a user's script is: it begins, takes its time, and says what it made.
const TRAIN = `import { appendFileSync, existsSync, writeFileSync } from "node:fs";
appendFileSync("begun", "x");
const waiting = setInterval(() => {
  if (!existsSync("go-on")) return;
  clearInterval(waiting);
  writeFileSync(process.env.DRIFTWATCH_OUTCOME, JSON.stringify({ version: "2" }));
}, 20);
`;

test(
  "R50 kill -9 of the daemon while a job runs: the job goes on, is not begun again, and its end is known",
  { timeout: 180_000 },
  async () => {
    const directory = workplace({
      "driftwatch.yaml": `store: {path: ./data}
models:
  toy: {task: binary, positive: "yes"}
retraining:
  toy: {type: command, command: ["${process.execPath}", "train.mjs"], approval: true, dry_run: false, at_least: {labelled: 0}}
`,
      "train.mjs": TRAIN,
    });
    const said = async (...args: string[]) => {
      const command = spawnDriftwatch(directory, ["retrain", ...args]);
      return { code: await command.exited, out: command.stdout(), err: command.stderr() };
    };
    const first = await startDaemon(directory);
    const asked = await said("trigger", "--force", "--key", "once");
    expect(asked).toMatchObject({ code: 0, out: expect.stringContaining("waiting_for_approval") });
    const [id = ""] = asked.out.split("\n");
    expect(await said("approve", id.slice(0, 8))).toMatchObject({ code: 0, out: expect.stringContaining("started:") });
    await until("the job has begun", () => existsSync(join(directory, "begun")));

    first.process.kill("SIGKILL");
    await first.exited;
    writeFileSync(join(directory, "go-on"), "");
    const next = await startDaemon(directory);
    const state = async () => (await next.get<{ state: string; new_version: string | null }>(`/v1/retrains/${id}`)).state;
    await until("its end is known", async () => (await state()) === "succeeded", 60_000);
    expect(await next.get(`/v1/retrains/${id}`)).toMatchObject({ new_version: "2", attempts: 1 });
    expect(await said("trigger", "--force", "--key", "once")).toMatchObject({
      code: 0,
      out: expect.stringMatching(new RegExp(`^${id}\nsucceeded`)),
    });
    expect(await said("list", "--state", "succeeded")).toMatchObject({ code: 0, out: expect.stringContaining(id.slice(0, 12)) });
    expect(readFileSync(join(directory, "begun"), "utf8")).toBe("x");
  },
);
