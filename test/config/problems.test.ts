import { chmodSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readDocument } from "../../src/config/document.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblems } from "../../src/config/problem.ts";
import { load, loadRule, MODEL, problemsOf, workplace } from "./workplace.ts";

type Row = readonly [what: string, yaml: string, line: number, path: string, message: RegExp, hint: RegExp];

const model = (rest: string) => `models:\n  m:\n    task: regression\n    ${rest}\n`;

const MALFORMED: readonly Row[] = [
  ["an empty file", "", 1, "", /file is empty/, /schema/],
  ["only comments", "# nothing\n", 1, "", /file is empty/, /schema/],
  ["a list", "- a\n", 1, "", /expected a mapping.*found a list/, /key: value/],
  ["text", "hello\n", 1, "", /expected a mapping.*found text/, /key: value/],
  ["a tab", "models:\n\tm: {}\n", 2, "", /a tab/, /spaces/],
  ["an open bracket", "models: [a\n", 1, "", /./, /bracket/],
  ["an unquoted colon", "clock: a: b\n", 1, "", /another `key: value`/, /quotes/],
  ["a tag", "clock: !x live\n", 1, "", /tags/, /remove the tag/],
  ["two documents", `${MODEL}---\na: 1\n`, 2, "", /more than one document/, /---/],
  ["a variable in braces without quotes", "http: {port: ${PORT}}\n", 1, "", /./, /"\$\{NAME\}"/],
  ["an alias to nothing", `${MODEL}clock: *x\n`, 2, "clock", /alias/, /write the value out/],
  ["a duplicate key", `${MODEL}clock: live\nclock: replay\n`, 3, "clock", /given twice, first on line 2/, /keep one/],
  ["an unknown key", `${MODEL}kakfa: 1\n`, 2, "kakfa", /unknown key/, /did you mean `kafka`/],
  ["an unknown key in camel case", `${MODEL}http:\n  publicUrl: x\n`, 3, "http.publicUrl", /unknown key/, /did you mean `public_url`/],
  ["an unknown key like no other", `${MODEL}zzz: 1\n`, 2, "zzz", /unknown key/, /known here: clock, kafka/],
  ["a wrong type", `${MODEL}http: 8080\n`, 2, "http", /expected a mapping.*found a number/, /key: value/],
  ["an empty section", `${MODEL}kafka:\n`, 2, "kafka", /has no value/, /indent/],
  ["no models", "clock: live\n", 1, "models", /at least one model/, /flight-delay/],
  ["empty models", "models: {}\n", 1, "models", /at least one model/, /flight-delay/],
  ["a wrong word", `${MODEL}clock: Live\n`, 2, "clock", /one of live, replay/, /did you mean `live`/],
  ["no task", "models:\n  m:\n    bucket: 1h\n", 2, "models.m.task", /required/, /binary/],
  [
    "a binary model without its class",
    "models:\n  m: {task: binary}\n",
    2,
    "models.m.positive",
    /required for a binary model/,
    /positive: late/,
  ],
  ["a class for regression", model("positive: x"), 4, "models.m.positive", /no positive class/, /task: binary/],
  ...["regression", "multiclass"].map((task): Row => [
    `what answers are worth for ${task}`,
    `models:\n  m:\n    task: ${task}\n    value: {tp: 1, fp: -1, fn: 0, tn: 0}\n`,
    4,
    "models.m.value",
    /no true and false positives/,
    /task: binary/,
  ]),
  ["a worth left out", model("value: {tp: 1, fp: -1, fn: 0}"), 4, "models.m.value.tn", /required|expected/, /./],
  ["thresholds for regression", model("thresholds: [0.5]"), 4, "models.m.thresholds", /no score/, /task: binary/],
  ["a threshold beyond all scores", model("thresholds: [0.5, 30]"), 4, "models.m.thresholds[1]", /between 0 and 1/, /0\.3, 0\.7/],
  ["a threshold twice", model("thresholds: [0.5, 0.5]"), 4, "models.m.thresholds", /given twice/, /0\.3, 0\.7/],
  [
    "a quantile of several classes",
    "models:\n  m:\n    task: multiclass\n    quantile: 0.9\n",
    4,
    "models.m.quantile",
    /no quantile/,
    /task: regression/,
  ],
  ["ranked lists of a regression", model("ranking: {at: [10]}"), 4, "models.m.ranking", /no ranked lists/, /task: ranking/],
  ...(
    [
      ["no number of items", "[]", "models.m.ranking.at", /1 to 1000/],
      ["half an item", "[2.5]", "models.m.ranking.at[0]", /1 to 1000/],
      ["more items than are looked at", "[10, 1001]", "models.m.ranking.at[1]", /1 to 1000/],
      ["a number of items twice", "[5, 5]", "models.m.ranking.at", /given twice/],
      ["too many numbers of items", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]", "models.m.ranking.at", /at most ten/],
    ] as const
  ).map(([name, at, path, message]): Row => [
    name,
    `models:\n  m:\n    task: ranking\n    ranking: {at: ${at}}\n`,
    4,
    path,
    message,
    /\[5, 10\]/,
  ]),
  ["a quantile in percent", model("quantile: 90"), 4, "models.m.quantile", /between 0 and 1/, /0\.9/],
  ["a number for a duration", model("bucket: 60"), 4, "models.m.bucket", /expected a duration such as 1h/, /90s, 15m/],
  ["a bucket that divides no day", model("bucket: 7m"), 4, "models.m.bucket", /divide a day/, /1m, 5m/],
  ["a zero bucket", model("bucket: 0s"), 4, "models.m.bucket", /./, /./],
  ["retention", model("retention: {raw: 90d}"), 4, "models.m.retention", /not available in this version/, /remove/],
  [
    "a baseline file that is missing",
    model("baselines: {t: {file: no.gz}}"),
    4,
    "models.m.baselines.t.file",
    /no such file/,
    /directory of the configuration/,
  ],
  [
    "a stretch that is no whole number of seasons",
    model("baselines: {t: {window: 10d, season: week}}"),
    4,
    "models.m.baselines.t.window",
    /no whole number of seasons/,
    /28d/,
  ],
  [
    "a season nobody knows",
    model("baselines: {t: {window: 7d, season: weeks}}"),
    4,
    "models.m.baselines.t.season",
    /one of day, week/,
    /did you mean `week`/,
  ],
  [
    "columns without a time",
    model("baselines: {t: {file: driftwatch.yaml, columns: {score: p, version: v}}}"),
    4,
    "models.m.baselines.t.columns.time",
    /required/,
    /scored_at/,
  ],
  [
    "columns without an answer",
    model("baselines: {t: {file: driftwatch.yaml, columns: {time: at, version: v}}}"),
    4,
    "models.m.baselines.t.columns",
    /no column holds what the model answered/,
    /`prediction`/,
  ],
  [
    "columns without a version, for all versions",
    model("baselines: {t: {file: driftwatch.yaml, columns: {time: at, score: p}}}"),
    4,
    "models.m.baselines.t.columns",
    /`version` is required/,
    /by_version/,
  ],
  [
    "an unknown column",
    model("baselines: {t: {file: driftwatch.yaml, columns: {time: at, version: v, scor: p}}}"),
    4,
    "models.m.baselines.t.columns.scor",
    /unknown key/,
    /did you mean `score`/,
  ],
  [
    "a type nobody knows",
    model("baselines: {t: {file: driftwatch.yaml, columns: {time: at, version: v, score: p, types: {zip: string}}}}"),
    4,
    "models.m.baselines.t.columns.types.zip",
    /one of number, text, boolean/,
    /zip_code: text/,
  ],
  [
    "how a CSV file is read, without its columns",
    model('baselines: {t: {file: driftwatch.yaml, delimiter: ";"}}'),
    4,
    "models.m.baselines.t.delimiter",
    /needs `columns`/,
    /add `columns`/,
  ],
  [
    "a version's file that is missing",
    model("baselines: {t: {by_version: {1.10: {file: no.gz}}}}"),
    4,
    'models.m.baselines.t.by_version["1.10"].file',
    /no such file/,
    /directory/,
  ],
  ["no kind of baseline", model("baselines: {t: {}}"), 4, "models.m.baselines.t", /exactly one kind/, /by_version/],
  ["two kinds of baseline", model("baselines: {t: {version: a, window: 1d}}"), 4, "models.m.baselines.t", /exactly one kind/, /offset/],
  [
    "a window that cuts a bucket",
    model("baselines: {t: {window: 90m}}"),
    4,
    "models.m.baselines.t.window",
    /cuts through a bucket of 1h/,
    /whole buckets/,
  ],
  [
    "a period that ends before it starts",
    model("baselines: {t: {from: 2013-01-02, to: 2013-01-01}}"),
    4,
    "models.m.baselines.t.to",
    /later than/,
    /half-open/,
  ],
  [
    "a time without offset",
    model("baselines: {t: {from: 2013-01-02T00:00, to: 2013-01-05}}"),
    4,
    "models.m.baselines.t.from",
    /expected a time/,
    /RFC 3339/,
  ],
  ["two stores", `${MODEL}store: {path: a, url: "http://b"}\n`, 2, "store", /exactly one of/, /embedded/],
  ["no store", `${MODEL}store: {databse: a}\n`, 2, "store", /exactly one of/, /embedded/],
  ["a cluster", `${MODEL}store: {url: "http://b", cluster: main}\n`, 2, "store.cluster", /not available in this version/, /remove/],
  ["a broker without a port", `${MODEL}kafka: {brokers: [localhost]}\n`, 2, "kafka.brokers[0]", /host:port/, /kafka-1:9092/],
  [
    "dead letters sent to where events are read",
    `${MODEL}kafka:\n  brokers: ["b:9092"]\n  dead_letters: {topic: driftwatch.labels}\n`,
    4,
    "kafka.dead_letters.topic",
    /come back for ever/,
    /another topic/,
  ],
  ["no brokers", `${MODEL}kafka: {group: x}\n`, 2, "kafka.brokers", /required/, /list/],
  ["a port out of range", `${MODEL}http: {port: 99999}\n`, 2, "http.port", /65535/, /^/],
  ["an open host without tokens", `${MODEL}http:\n  host: 0.0.0.0\n`, 3, "http.host", /without tokens/, /127\.0\.0\.1/],
  [
    "a token without a token",
    `${MODEL}http: {tokens: [{name: a, scopes: [read]}]}\n`,
    2,
    "http.tokens[0]",
    /one of `token` and `token_file`/,
    /DRIFTWATCH_TOKEN/,
  ],
  [
    "an unknown scope",
    `${MODEL}http: {tokens: [{name: a, token: x, scopes: [raed]}]}\n`,
    2,
    "http.tokens[0].scopes[0]",
    /one of ingest, read, operate/,
    /did you mean `read`/,
  ],
  [
    "an e-mail address that is none",
    `${MODEL}channels:\n  c: {type: email, to: [nobody]}\n`,
    3,
    "channels.c.to[0]",
    /e-mail address/,
    /ml@example/,
  ],
  ["no addresses", `${MODEL}channels:\n  c: {type: email, to: []}\n`, 3, "channels.c.to", /at least one address/, /ml@example/],
  [
    "one address, not a list",
    `${MODEL}channels:\n  c: {type: email, to: a@b}\n`,
    3,
    "channels.c.to",
    /expected a list, found text/,
    /\[a, b\]/,
  ],
  [
    "a user without a password",
    `${MODEL}channels:\n  c: {type: email, to: [a@b], smtp: {username: u}}\n`,
    3,
    "channels.c.smtp",
    /go together/,
    /both/,
  ],
  [
    "an address that is not http",
    `${MODEL}channels:\n  c: {type: webhook, url: "ftp://x"}\n`,
    3,
    "channels.c.url",
    /http or https/,
    /https:/,
  ],
  [
    "a name where only addresses are allowed",
    `${MODEL}outgoing: {allow: [localhost]}\n`,
    2,
    "outgoing.allow[0]",
    /an address or a range/,
    /10\.0\.0\.0\/8/,
  ],
  ["a misspelt type", `${MODEL}channels:\n  c: {type: webook}\n`, 3, "channels.c.type", /one of email, webhook/, /did you mean `webhook`/],
  ["a channel without its address", `${MODEL}channels:\n  c: {type: slack}\n`, 3, "channels.c.url", /is required/, /url_file/],
  ["a pager without its key", `${MODEL}channels:\n  c: {type: pagerduty}\n`, 3, "channels.c.routing_key", /is required/, /integration key/],
  [
    "a label that is none",
    `${MODEL}channels:\n  c: {type: alertmanager, url: "http://x", labels: {a-b: c}}\n`,
    3,
    "channels.c.labels.a-b",
    /name of a label/,
    /letters/,
  ],
  ["a heartbeat without its address", `${MODEL}heartbeat: {every: 1m}\n`, 2, "heartbeat.url", /is required/, /url_file/],
  [
    "a channel named all",
    `${MODEL}channels:\n  all: {type: webhook, url: "http://x"}\n`,
    3,
    "channels.all",
    /no channel can be named/,
    /another name/,
  ],
  [
    "both secrets",
    `${MODEL}channels:\n  c: {type: webhook, url: "http://x", secret: a, secret_file: b}\n`,
    3,
    "channels.c.secret_file",
    /not both/,
    /remove one/,
  ],
  [
    "a secret's file that is missing",
    `${MODEL}channels:\n  c: {type: webhook, url: "http://x", secret_file: b}\n`,
    3,
    "channels.c.secret_file",
    /no such file/,
    /directory of the configuration/,
  ],
  [
    "a variable that is not set",
    `${MODEL}channels:\n  c: {type: webhook, url: "http://x", secret: "\${NOPE}"}\n`,
    3,
    "channels.c.secret",
    /NOPE is not set/,
    /set NOPE/,
  ],
  ["a variable with a default", `${MODEL}clock: "\${A:-live}"\n`, 2, "clock", /name of a variable/, /without a default/],
  [
    "retraining of no model",
    `${MODEL}retraining:\n  n: {type: webhook, url: "http://x"}\n`,
    3,
    "retraining.n",
    /no model named n/,
    /did you mean `m`|there are: m/,
  ],
  [
    "retraining by prefect",
    `${MODEL}retraining:\n  m: {type: prefect, deployment: x}\n`,
    3,
    "retraining.m.type",
    /prefect is not available/,
    /airflow/,
  ],
  [
    "retraining by airflow without a place",
    `${MODEL}retraining:\n  m: {type: airflow, dag: x}\n`,
    3,
    "retraining.m.url",
    /`url` is required/,
    /https/,
  ],
  [
    "a command of no word",
    `${MODEL}retraining:\n  m: {type: command, command: []}\n`,
    3,
    "retraining.m.command",
    /a program and its arguments/,
    /no shell/,
  ],
  [
    "retraining by github without a token",
    `${MODEL}retraining:\n  m: {type: github, repository: a/b, workflow: w.yml}\n`,
    3,
    "retraining.m",
    /`token` is required/,
    /actions: write/,
  ],
  [
    "a registry nobody knows",
    `${MODEL}retraining:\n  m: {type: webhook, url: "http://x", registry: {type: mlflo, url: "http://y", name: n}}\n`,
    3,
    "retraining.m.registry.type",
    /mlflow/,
    /did you mean `mlflow`/,
  ],
  [
    "a user without a password",
    `${MODEL}retraining:\n  m: {type: airflow, url: "http://x", dag: d, username: u}\n`,
    3,
    "retraining.m",
    /go together/,
    /both, or neither/,
  ],
  [
    "a flag that is a word",
    `${MODEL}retraining:\n  m: {type: webhook, url: "http://x", dry_run: yes}\n`,
    3,
    "retraining.m.dry_run",
    /true or false/,
    /true or false/,
  ],
  ["rules that are not there", `${MODEL}alerts: [nowhere]\n`, 2, "alerts[0]", /no such file/, /directory of the configuration/],
  ["a pattern that matches nothing", `${MODEL}alerts: ["*.rules"]\n`, 2, "alerts[0]", /no file of rules/, /\.yaml/],
];

describe("a malformed file", () => {
  it.each(MALFORMED)("%s", (_what, yaml, line, path, message, hint) => {
    const [problem, ...others] = problemsOf(load(yaml));
    expect(problem).toMatchObject({ line, path });
    expect(problem?.message).toMatch(message);
    expect(problem?.hint).toMatch(hint);
    expect(others.filter((other) => other.path === path)).toEqual([]);
  });
});

describe("a file that cannot be read", () => {
  it.each([
    ["missing", "no.yaml", /no such file/],
    ["a directory", ".", /is a directory/],
  ])("%s", (_what, file, message) => {
    const [problem] = problemsOf(loadConfig({ file: join(workplace({}), file), env: {} }));
    expect(problem?.message).toMatch(message);
    expect(problem?.hint).toMatch(/--config/);
  });

  it("forbidden", () => {
    const readFile = () => {
      throw Object.assign(new Error("no"), { code: "EACCES" });
    };
    expect(problemsOf(loadConfig({ file: "x.yaml", env: {}, readFile }))[0]?.message).toMatch(/may not be read/);
  });

  it("a baseline that may not be read", () => {
    if (process.getuid?.() === 0) return;
    const directory = workplace({ "driftwatch.yaml": model("baselines: {t: {file: a.gz}}"), "a.gz": "" });
    chmodSync(join(directory, "a.gz"), 0);
    expect(problemsOf(loadConfig({ file: join(directory, "driftwatch.yaml"), env: {} }))[0]?.message).toMatch(/may not be read/);
  });
});

const MEASURE = "measure: {metric: psi, baseline: training, window: 1d}\n";
const ACCURACY = "measure: {metric: accuracy, baseline: training, window: 1d}\n";
const FIRE = "fire: {above: 0.1}\n";

const WRONG_RULES: readonly Row[] = [
  ["no measure", FIRE, 2, "rules[0].measure", /required/, /mapping/],
  [
    "an unknown metric",
    `measure: {metric: pis, baseline: training, window: 1d}\n${FIRE}`,
    3,
    "rules[0].measure.metric",
    /one of drift, psi/,
    /did you mean `psi`/,
  ],
  ["a key nobody knows", `${MEASURE}${FIRE}severty: info`, 5, "rules[0].severty", /unknown key/, /did you mean `severity`/],
  ["a segment", `${MEASURE}${FIRE}segment: a`, 5, "rules[0].segment", /not available/, /remove/],
  [
    "a model nobody knows",
    `models: [mm]\n${MEASURE}${FIRE}`,
    3,
    "rules[0].models[0]",
    /no model named mm/,
    /did you mean `m`|there are: m/,
  ],
  ["a channel nobody knows", `${MEASURE}${FIRE}notify: [ops]`, 5, "rules[0].notify[0]", /no channel named ops/, /define it/],
  [
    "a baseline a named model lacks",
    `models: [m]\nmeasure: {metric: psi, baseline: b, window: 1d}\n${FIRE}`,
    4,
    "rules[0].measure.baseline",
    /m has no baseline named b/,
    /it has: training/,
  ],
  [
    "a baseline all models lack",
    `measure: {metric: psi, baseline: b, window: 1d}\n${FIRE}`,
    2,
    "rules[0].name",
    /applies to no model/,
    /add the baseline/,
  ],
  [
    "a window that cuts a bucket",
    `measure: {metric: psi, baseline: training, window: 90m, every: 1h}\n${FIRE}`,
    3,
    "rules[0].measure.window",
    /no multiple of the bucket of m \(1h\)/,
    /whole buckets/,
  ],
  [
    "a pace that cuts a bucket",
    `measure: {metric: psi, baseline: training, window: 1d, every: 90m}\n${FIRE}`,
    3,
    "rules[0].measure.every",
    /no multiple/,
    /whole buckets/,
  ],
  ["neither above nor drop", `${MEASURE}fire: {}`, 4, "rules[0].fire", /exactly one of `above`, `drop`, `value` and `change`/, /drop/],
  ["above for accuracy", `${ACCURACY}fire: {above: 0.1}`, 4, "rules[0].fire.above", /loss against the baseline/, /drop: 0.03/],
  ["drop for drift", `${MEASURE}fire: {drop: 0.1}`, 4, "rules[0].fire.drop", /only performance/, /above/],
  [
    "features of accuracy",
    `measure: {metric: accuracy, of: features, baseline: training, window: 1d}\nfire: {drop: 0.1}`,
    3,
    "rules[0].measure.of",
    /as a whole/,
    /remove `of`/,
  ],
  [
    "features of the traffic",
    `measure: {metric: conflict_rate, of: features, baseline: training, window: 1d}\n${FIRE}`,
    3,
    "rules[0].measure.of",
    /conflict_rate is measured of the model as a whole/,
    /remove `of`/,
  ],
  [
    "one number for drift",
    `measure: {metric: drift, baseline: training, window: 1d}\n${FIRE}`,
    4,
    "rules[0].fire.above",
    /two metrics/,
    /wasserstein: 0.1, psi: 0.1/,
  ],
  [
    "half of drift",
    `measure: {metric: drift, baseline: training, window: 1d}\nfire: {above: {psi: 0.1}}`,
    4,
    "rules[0].fire.above",
    /no threshold for wasserstein/,
    /wasserstein: 0.1/,
  ],
  ["another metric's threshold", `${MEASURE}fire: {above: {ks: 0.1}}`, 4, "rules[0].fire.above.ks", /not what this rule measures/, /psi/],
  ["a misspelt metric", `${MEASURE}fire: {above: {pis: 0.1}}`, 4, "rules[0].fire.above.pis", /unknown key/, /did you mean `psi`/],
  [
    "two confidences",
    `${MEASURE}fire: {above: 0.1, confidence: 0.9, false_alarms: 0.1}`,
    4,
    "rules[0].fire.confidence",
    /not both/,
    /0.01/,
  ],
  ["confidence in percent", `${MEASURE}fire: {above: 0.1, confidence: 99}`, 4, "rules[0].fire.confidence", /between 0 and 1/, /0.01/],
  [
    "clearing above firing",
    `${MEASURE}${FIRE}clear: {below: 0.2}`,
    5,
    "rules[0].clear.below",
    /clears below 0.2 while it fires above 0.1/,
    /at or below/,
  ],
  ["clearing by drop", `${MEASURE}${FIRE}clear: {drop: 0.2}`, 5, "rules[0].clear.drop", /fires by `above`/, /below/],
  ["evidence that never goes", `${MEASURE}${FIRE}clear: {p_value: 0.001}`, 5, "rules[0].clear.p_value", /evidence/, /0.2/],
  ["for never", `${MEASURE}${FIRE}for: 0`, 5, "rules[0].for", /whole number of evaluations/, /1 or more/],
];

describe("a wrong rule", () => {
  it.each(WRONG_RULES)("%s", (_what, rule, line, path, message, hint) => {
    const [problem, ...others] = problemsOf(loadRule(rule));
    expect(problem).toMatchObject({ line, path, file: expect.stringMatching(/alerts\/rules\.yaml$/) });
    expect(problem?.message).toMatch(message);
    expect(problem?.hint).toMatch(hint);
    expect(others).toEqual([]);
  });

  it("names are unique over all files", () => {
    const rule = `rules:\n  - name: r\n    measure: {metric: psi, baseline: training, window: 1d}\n    fire: {above: 0.1}\n`;
    const [problem] = problemsOf(load(MODEL, { "alerts/a.yaml": rule, "alerts/b.yaml": rule }));
    expect(problem?.file).toMatch(/b\.yaml$/);
    expect(problem?.message).toMatch(/exists already \(.*alerts\/a\.yaml:2\)/);
  });

  it("accuracy means nothing for regression", () => {
    const [problem] = problemsOf(loadRule(`models: [m]\n${ACCURACY}fire: {drop: 0.1}`, model("baselines: {training: {window: 7d}}")));
    expect(problem).toMatchObject({
      path: "rules[0].measure.metric",
      message: expect.stringContaining("no meaning for the regression model m"),
    });
  });

  it.each([
    ["recall@0.3", "thresholds: [0.5]", /not measured of m/, /add `0\.3` under models\.m\.thresholds/],
    ["recall@0.3", "", /not measured of m/, /add `thresholds: \[0\.3\]` under models\.m/],
    ["mean_value", "", /not measured of m/, /add `value: /],
  ])("on %s needs a model that was told of it (%s)", (metric, told, message, hint) => {
    const config = `models: {m: {task: binary, positive: late, ${told === "" ? "" : `${told}, `}baselines: {training: {window: 7d}}}}\n`;
    const rule = `models: [m]\nmeasure: {metric: "${metric}", baseline: training, window: 7d}\nfire: {drop: 0.1}`;
    expect(problemsOf(loadRule(rule, config))).toMatchObject([
      { path: "rules[0].measure.metric", message: expect.stringMatching(message), hint: expect.stringMatching(hint) },
    ]);
  });

  it("on labels cannot be of a model that ranks, on predictions can", () => {
    const config = "models: {m: {task: ranking, baselines: {training: {window: 7d}}}}\n";
    const rule = (of: string) => `models: [m]\nmeasure: {metric: psi, of: [${of}], baseline: training, window: 7d}\nfire: {above: 0.1}`;
    expect(problemsOf(loadRule(rule("label"), config))).toMatchObject([
      { path: "rules[0].measure.of", message: expect.stringContaining("not available for ranking") },
    ]);
    expect(problemsOf(loadRule(rule("prediction"), config))).toEqual([]);
  });

  it.each([
    ["ndcg@5", "", /not measured of m/, /add `ranking: \{at: \[5\]\}` under models\.m/],
    ["ndcg@5", "ranking: {at: [10, 3]}", /not measured of m/, /add `5` under models\.m\.ranking\.at/],
    ["recall@0.3", "", /no meaning for the ranking model m/, /binary/],
    ["accuracy", "", /no meaning for the ranking model m/, /binary and multiclass/],
    ["estimated_mae", "ranking: {at: [3]}", /not available for ranking/, /as in ndcg@3/],
  ])("on %s needs a model that ranks so deep (%s)", (metric, told, message, hint) => {
    const config = `models: {m: {task: ranking, ${told === "" ? "" : `${told}, `}baselines: {training: {window: 7d}}}}\n`;
    const rule = (of: string) => `models: [m]\nmeasure: {metric: "${of}", baseline: training, window: 7d}\nfire: {drop: 0.1}`;
    expect(problemsOf(loadRule(rule(metric), config))).toMatchObject([
      { path: "rules[0].measure.metric", message: expect.stringMatching(message), hint: expect.stringMatching(hint) },
    ]);
    expect(problemsOf(loadRule(rule(told === "" ? "hit_rate@10" : "map@3"), config))).toEqual([]);
  });

  it.each(["recall@1.5", "recall@0.30", "recall@", "log_loss@0.3", "ndcg@0", "ndcg@1001", "ndcg@010", "ndcg"])(
    "there is no %s",
    (metric) => {
      const [problem] = problemsOf(loadRule(`measure: {metric: "${metric}", baseline: training, window: 7d}\nfire: {drop: 0.1}`));
      expect(problem?.path).toBe("rules[0].measure.metric");
    },
  );

  it("on labels judges nothing else, and drift alone", () => {
    const rule = (metric: string, of: string) =>
      `measure: {metric: ${metric}, of: [${of}], baseline: training, window: 1d}\nfire: {above: 0.2}`;
    expect(problemsOf(loadRule(rule("psi", "label")))).toEqual([]);
    expect(problemsOf(loadRule(rule("psi", "temp, label")))).toMatchObject([
      { path: "rules[0].measure.of", hint: expect.stringMatching(/\[label\]/) },
    ]);
    expect(problemsOf(loadRule(rule("missing_rate", "label")))).toMatchObject([{ path: "rules[0].measure.metric" }]);
  });

  it("of how many rows come needs a stretch of live events beside it", () => {
    const versions = "models: {m: {task: binary, positive: late, baselines: {champion: {version: '1'}}}}\n";
    const rule = "models: [m]\nmeasure: {metric: volume_drop, baseline: champion, window: 1d}\nfire: {above: 0.5}";
    expect(problemsOf(loadRule(rule, versions))).toMatchObject([
      {
        path: "rules[0].measure.baseline",
        message: expect.stringMatching(/stretch of live events, and champion of m is none/),
        hint: expect.stringContaining("recent: {window: 14d}"),
      },
    ]);
    expect(problemsOf(loadRule(rule.replace("champion", "training")))).toEqual([]);
  });

  it.each([
    ["rulez: []\n", ["rules", "rulez"]],
    ["rules: {}\n", ["rules"]],
    ["- a\n", [""]],
    ["", [""]],
    ["rules:\n\t- a\n", [""]],
  ])("a file such as %j", (yaml, paths) => {
    const found = problemsOf(load(MODEL, { "alerts/a.yaml": yaml })).map(({ path }) => path);
    expect(found.toSorted()).toEqual(paths);
  });
});

it("all problems come at once, each file in the order of its lines, and one mistake makes no others", () => {
  const yaml = `models:
  a: {task: binery}
  b: {task: binary, baselines: {t: {file: no.gz}}, bukcet: 1h}
http: {host: 0.0.0.0}
channels:
  c: {type: email, to: [x]}
`;
  const rule =
    "rules:\n  - {name: r, models: [a], measure: {metric: psi, baseline: training, window: 1x}, fire: {above: 0.1}, notify: [c]}\n";
  expect(problemsOf(load(yaml, { "alerts/r.yaml": rule })).map(({ line, path }) => `${line} ${path}`)).toEqual([
    "2 models.a.task",
    "3 models.b.baselines.t.file",
    "3 models.b.bukcet",
    "4 http.host",
    "6 channels.c.to[0]",
    "2 rules[0].measure.window",
  ]);
});

it.each([
  ["one long word", "x".repeat(1_000_000)],
  ["nothing but keys", "a:".repeat(100_000)],
  ["brackets without end", `rules: ${"{a: ".repeat(20_000)}`],
])("%s is a problem like any other", (_name, text) => {
  const document = readDocument("rules", text, {});
  document.report([], "expected a mapping", "write `key: value` lines");
  expect(document.problems()[0]).toMatchObject({ line: 1 });
});

it("prints place, message, line and hint", () => {
  // No rules of its own: the repository's lie beside this made-up file.
  const readFile = () => `${model("bucket: 60m60")}alerts: []\n`;
  const text = formatProblems(problemsOf(loadConfig({ file: "driftwatch.yaml", env: {}, readFile })));
  expect(text).toBe(`driftwatch.yaml:4:5  models.m.bucket: expected a duration such as 1h
    | bucket: 60m60
    hint: a whole number and one of ms, s, m, h, d, y: 90s, 15m, 1h, 7d`);
});
