import { describe, expect, it } from "vitest";
import { cli, configFile, CONFIG, MODEL } from "./terminal.ts";

describe("check", () => {
  it("sums a right configuration up, without its secrets", async () => {
    const { code, out, err } = await cli(["check", "--config", configFile()]);
    expect(code).toBe(0);
    expect(out).toContain(MODEL);
    expect(out).toContain("binary (late)");
    expect(out).toContain("training: 7d");
    expect(out).not.toContain("No rule watches");
    expect(out).toMatch(/feature-drift\s+drift\s+training\s+1d\s+warning\s+ops\s+flight delay\/arrival/);
    expect(out).toContain("https://hooks.example.com");
    // A channel elsewhere is told links to this machine, and some shipped rules lack what they need.
    expect(out).toMatch(/\nThe configuration can be run\. \d warnings: not all of it will do what it says\.\n$/);
    expect(err).toMatch(
      /channels: what ops is told links to http:\/\/127\.0\.0\.1:8080, which nobody else can open\n.*\n +hint: .*public_url/,
    );
    expect(out + err).not.toMatch(/secret-in-path|whsec_/);
    // A shipped rule that lacks its baseline is a warning, no error.
    expect(err).toContain("warning");
    const quiet = `${CONFIG}alerts: []\nhttp: {public_url: "https://dw.example"}\n`;
    expect((await cli(["check", "--config", configFile(quiet)])).out).toContain("\nThe configuration is right.\n");
  });

  it("says of which model no rule watches the performance: those that ship know accuracy", async () => {
    const training = "baselines: {training: {file: t.ndjson}}";
    const models = `models: {spend: {task: regression, ${training}}, search: {task: ranking, ${training}}, churn: {task: multiclass, ${training}}}`;
    const { out } = await cli(["check", "--config", configFile(`store: {path: ./data}\n${models}\n`, { "t.ndjson": "" })]);
    expect(out).toMatch(/^No rule watches how right spend is: write one, as in measure: \{metric: mae, …\} \(docs\/rules\.md\)\.$/m);
    expect(out).toMatch(/^No rule watches how right search is: .*ndcg@10/m);
    expect(out).not.toMatch(/how right churn is/);
  });

  it("as JSON", async () => {
    const { out } = await cli(["check", "--json", "--config", configFile()]);
    const summary = JSON.parse(out) as { models: { name: string }[]; rules: { name: string; models: string[] }[]; warnings: unknown[] };
    expect(summary.models.map(({ name }) => name)).toEqual([MODEL]);
    expect(summary.rules.find(({ name }) => name === "out-of-range")?.models ?? []).toEqual([]);
    expect(out).not.toMatch(/secret-in-path|whsec_/);
  });

  it.each([
    ["a key that is not known", CONFIG.replace("task:", "tsk:"), "tsk"],
    ["no YAML", "models: {", "driftwatch.yaml:"],
    ["an empty file", "", "the file is empty"],
    ["an environment variable that is not set", CONFIG.replace("./data", "${NOWHERE}"), "NOWHERE"],
    ["a name that would steer the terminal", `models: {"\\e[2J": {taks: binary}}`, "taks"],
  ])("says where and what: %s", async (_, yaml, said) => {
    const { code, out, err } = await cli(["check", "--config", configFile(yaml)]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(said);
    expect(err).toMatch(/driftwatch\.yaml:\d+:\d+/);
    expect(err).toContain("hint:");
    expect(err).not.toContain("\u001b");
  });

  it("looks whether the columns that a baseline names are in its file", async () => {
    const columns = "columns: {time: scored_at, version: {value: 1}, score: p_late}";
    const yaml = CONFIG.replace("{window: 7d}", `{file: training.csv, ${columns}}`);
    expect(yaml).not.toBe(CONFIG);
    const right = await cli(["check", "--config", configFile(yaml, { "training.csv": "scored_at,p_late,amount\n" })]);
    expect(right).toMatchObject({ code: 0 });
    const wrong = await cli(["check", "--config", configFile(yaml, { "training.csv": "scored_at,p_lat,amount\n" })]);
    expect(wrong).toMatchObject({ code: 2, out: "" });
    expect(wrong.err).toMatch(
      /baselines\.training: \S*training\.csv has no column p_late, which `score` names\.\n {2}hint: Did you mean p_lat\?/,
    );
  });

  it("names the file of a broken rule", async () => {
    const { code, err } = await cli([
      "check",
      "--config",
      configFile(CONFIG, { "alerts/mine.yaml": "rules: [{name: r, measure: {metric: speed}}]\n" }),
    ]);
    expect(code).toBe(2);
    expect(err).toContain("mine.yaml:1:");
  });
});

describe("schema", () => {
  it("prints both schemas", async () => {
    expect(JSON.parse((await cli(["schema"])).out)).toMatchObject({ title: "driftwatch.yaml" });
    expect(JSON.parse((await cli(["schema", "--rules"])).out)).toMatchObject({ title: "driftwatch alert rules" });
  });
});
