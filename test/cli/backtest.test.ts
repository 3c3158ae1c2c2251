import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DAY, formatTime } from "../../src/model/time.ts";
import { readAlerts, readTransitions } from "../../src/store/alerts.ts";
import { connectionWithin } from "../support/connections.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { play, startProgram } from "../support/program.ts";
import { createToyModel } from "../support/toy-model.ts";
import { TOY_START, writeToyProgram } from "../support/toy-program.ts";
import { cli } from "./terminal.ts";

type Course = {
  rule: string;
  which: string;
  windows: number;
  pages: { subject: string; told_at: string; resolved_at: string | null; retrain: boolean }[];
};

async function playedProgram() {
  const toy = createToyModel();
  const config = writeToyProgram(toy, "");
  const { app } = await startProgram({ ...config, clock: "replay" });
  const kinds = [{}, { shift: 5 }, { shift: 5, wrong: 0.4 }, {}, {}, {}, { shift: 5 }, { rows: 5 }];
  const days = kinds.map((kind, day) => toy.day(TOY_START + day * DAY, kind));
  await play(
    app,
    days.flatMap(({ predictions, labels }) => [...predictions, ...labels]),
  );
  return { app, file: config.file ?? "" };
}

test("history is played by the rules there are, and by others beside them, and nothing is stored", async () => {
  const { app, file } = await playedProgram();
  const run = (...options: string[]) =>
    cli(["backtest", "--config", file, "--from", formatTime(TOY_START), "--to", formatTime(TOY_START + 8 * DAY), ...options], {
      connect: async () => connectionWithin(app),
    });
  const coursesOf = ({ out }: { out: string }) => (JSON.parse(out) as { courses: Course[] }).courses;

  // The rules as they are come to what they came to.
  const lived = (await readAlerts(app.store)).map(({ key, state }) => `${key.rule} ${key.subject} ${state}`).sort();
  const played = coursesOf(await run("--json"))
    .flatMap(({ rule, pages }) =>
      pages.map(({ subject, resolved_at: over }) => `${rule} ${subject} ${over === null ? "firing" : "resolved"}`),
    )
    .sort();
  expect(lived).toEqual(["accuracy-drop performance resolved", "feature-drift amount resolved"]);
  expect(played).toEqual(lived);

  // One that is quicker, and one on windows nobody ever asked for.
  const proposed = join(scratchDirectory(), "proposed.yaml");
  const rules = `rules:
  - name: feature-drift
    measure: {metric: drift, of: features, baseline: training, window: 1d}
    fire: {above: {wasserstein: 0.2, psi: 0.1}, false_alarms: 0.01}
    clear: {for: 1}
    notify: [somebody-else]
    retrain: true
  - name: half-days
    measure: {metric: wasserstein, of: [amount], baseline: training, window: 12h, every: 12h}
    fire: {above: 0.2}
`;
  const quarters = rules.replace(/ {2}- name: feature-drift[^]*half-days/, "  - name: quarter-days").replace("every: 12h", "every: 6h");
  writeFileSync(proposed, rules);
  const stored = await readTransitions(app.store, { limit: 999 });
  const courses = coursesOf(await run("--rules", proposed, "--json"));
  const summary = courses.map(({ rule, which, windows, pages }) => [
    rule,
    which,
    windows,
    pages.length,
    pages.filter(({ retrain }) => retrain).length,
  ]);
  expect(summary).toEqual([
    ["feature-drift", "old", 7, 1, 0],
    ["feature-drift", "new", 7, 2, 2],
    ["half-days", "new", 15, 2, 0],
  ]);
  expect(courses.map(({ pages }) => pages[0]?.told_at)).toEqual(["2026-06-04T00:00:00Z", "2026-06-03T00:00:00Z", "2026-06-02T12:00:00Z"]);
  expect(await readTransitions(app.store, { limit: 999 })).toEqual(stored);

  // Before the first row there is nothing to play, and nothing to wait for.
  writeFileSync(proposed, quarters);
  expect(coursesOf(await run("--rules", proposed, "--json", "--from", "1970-01-02"))).toMatchObject([
    { rule: "quarter-days", windows: 31 },
  ]);
  writeFileSync(proposed, rules);

  const { out, code } = await run("--rules", proposed);
  expect(code).toBe(0);
  expect(out).toMatch(/feature-drift +old +1 +0 +2 days +\d+ days +0 +7 +\d/);
  expect(out).toMatch(/^feature-drift {2}new {2}[·1]{60}$/m);
  expect(out).toMatch(/2026-06-03 00:00 +feature-drift +new +1 +amount +warning +2026-06-05 00:00 +amount has moved/);

  writeFileSync(proposed, "rules:\n  - {name: x, measure: {metric: psi, baseline: trianing, window: 1d}, fire: {abvoe: 1}}\n");
  const wrong = await run("--rules", proposed);
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain("unknown key `abvoe`");
  expect((await run("--rules", "nowhere.yaml")).code).toBe(2);
}, 120_000);
