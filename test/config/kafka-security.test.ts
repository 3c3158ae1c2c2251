import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { jsonSchema } from "../../src/config/json-schema.ts";
import { formatProblems } from "../../src/config/problem.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { load, loaded, MODEL, problemsOf } from "./workplace.ts";

const BROKERS = 'brokers: ["kafka:9093"]';
const kafka = (rest: string) => `${MODEL}kafka: {${BROKERS}, ${rest}}\n`;

const pem = (() => {
  const directory = scratchDirectory();
  const file = (name: string) => join(directory, name);
  const openssl = (args: readonly string[]) => execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  for (const name of ["one", "two"])
    openssl(
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", `/CN=${name}`].concat(
        "-keyout",
        file(`${name}.key`),
        "-out",
        file(`${name}.pem`),
      ),
    );
  openssl(["pkcs8", "-topk8", "-in", file("one.key"), "-out", file("locked.key"), "-passout", "pass:hunter2"]);
  return Object.fromEntries(["one.key", "one.pem", "two.key", "locked.key"].map((name) => [name, readFileSync(file(name), "utf8")]));
})();

describe("TLS", () => {
  it("is off unless asked for, and with the system's authorities when nothing else is said", () => {
    expect(loaded(load(`${MODEL}kafka: {${BROKERS}}\n`)).kafka).not.toHaveProperty("ssl");
    expect(loaded(load(kafka("ssl: false"))).kafka).not.toHaveProperty("ssl");
    const nothing = { ca: null, cert: null, key: null, passphrase: null, serverName: null };
    for (const ssl of ["true", '"${TLS}"', "{}"])
      expect(loaded(load(kafka(`ssl: ${ssl}`), {}, { env: { TLS: "true" } })).kafka?.ssl).toEqual(nothing);
  });

  it("takes its files from beside the configuration", () => {
    const ssl = "ssl: {ca_file: one.pem, cert_file: one.pem, key_file: locked.key, passphrase: hunter2, server_name: kafka.example}";
    expect(loaded(load(kafka(ssl), pem)).kafka?.ssl).toEqual({
      ca: pem["one.pem"]?.trimEnd(),
      cert: pem["one.pem"]?.trimEnd(),
      key: pem["locked.key"]?.trimEnd(),
      passphrase: "hunter2",
      serverName: "kafka.example",
    });
  });
});

it("a login is read in each of its kinds", () => {
  const login = (rest: string) =>
    loaded(load(kafka(`ssl: true, sasl: {${rest}}`), { "run/p": "hunter2\n" }, { env: { S: "s" } })).kafka?.sasl;
  for (const mechanism of ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
    expect(login(`mechanism: ${mechanism}, username: u, password_file: run/p`)).toEqual({ mechanism, username: "u", password: "hunter2" });
  expect(login('mechanism: OAUTHBEARER, token_url: "https://id/token", client_id: c, client_secret: "${S}"')).toEqual({
    mechanism: "OAUTHBEARER",
    tokenUrl: "https://id/token",
    clientId: "c",
    clientSecret: "s",
    scope: null,
  });
});

type Row = readonly [what: string, rest: string, path: string, message: RegExp, hint: RegExp];
const WRONG: readonly Row[] = [
  ["a switch that is none", "ssl: maybe", "kafka.ssl", /true or false/, /true or false/],
  ["verification switched off", "ssl: {reject_unauthorized: false}", "kafka.ssl.reject_unauthorized", /unknown key/, /known here: ca_file/],
  ["no file there", "ssl: {ca_file: nowhere.pem}", "kafka.ssl.ca_file", /there is no such file/, /directory of the configuration/],
  ["no certificate in it", "ssl: {ca_file: one.key}", "kafka.ssl.ca_file", /no certificate/, /BEGIN CERTIFICATE/],
  ["a certificate without its key", "ssl: {cert_file: one.pem}", "kafka.ssl", /go together/, /both/],
  [
    "another one's key",
    "ssl: {cert_file: one.pem, key_file: two.key}",
    "kafka.ssl.key_file",
    /not the key of the certificate/,
    /belong together/,
  ],
  ["a key that is none", "ssl: {cert_file: one.pem, key_file: one.pem}", "kafka.ssl.key_file", /no private key/, /BEGIN PRIVATE KEY/],
  ["a locked key", "ssl: {cert_file: one.pem, key_file: locked.key}", "kafka.ssl.key_file", /encrypted/, /add `passphrase`/],
  [
    "a wrong passphrase",
    "ssl: {cert_file: one.pem, key_file: locked.key, passphrase: wrong}",
    "kafka.ssl.key_file",
    /encrypted/,
    /check kafka/,
  ],
  ["a login that is no mapping", "sasl: PLAIN", "kafka.sasl", /expected a mapping/, /key: value/],
  ["no mechanism", "sasl: {username: u}", "kafka.sasl.mechanism", /`mechanism` is required/, /SCRAM-SHA-512/],
  ["a mechanism in small letters", "sasl: {mechanism: plain}", "kafka.sasl.mechanism", /expected one of PLAIN/, /did you mean `PLAIN`/],
  ["a mechanism nobody knows", "sasl: {mechanism: GSSAPI}", "kafka.sasl.mechanism", /expected one of/, /as the broker's listener has it/],
  ["no password", "sasl: {mechanism: PLAIN, username: u}", "kafka.sasl", /one of `password` and `password_file`/, /KAFKA_PASSWORD/],
  ["no user", "sasl: {mechanism: PLAIN, password: p}", "kafka.sasl.username", /required/, /text/],
  [
    "two passwords",
    "sasl: {mechanism: PLAIN, username: u, password: p, password_file: q}",
    "kafka.sasl.password_file",
    /not both/,
    /remove one/,
  ],
  ["a user for a token", "sasl: {mechanism: OAUTHBEARER, username: u}", "kafka.sasl.username", /unknown key/, /known here|did you mean/],
  [
    "no secret for a token",
    'sasl: {mechanism: OAUTHBEARER, token_url: "https://x", client_id: c}',
    "kafka.sasl",
    /one of `client_secret`/,
    /KAFKA_SECRET/,
  ],
  [
    "a token from nowhere",
    "sasl: {mechanism: OAUTHBEARER, token_url: x, client_id: c, client_secret: s}",
    "kafka.sasl.token_url",
    /http/,
    /https/,
  ],
];

it.each(WRONG)("says what is wrong: %s", (_what, rest, path, message, hint) => {
  const found = problemsOf(load(kafka(rest), pem)).find((problem) => problem.path === path);
  expect(found).toMatchObject({ path, message: expect.stringMatching(message) as string, hint: expect.stringMatching(hint) as string });
});

it.each([
  ["a password", "sasl: {mechanism: PLAIN, username: u, password: hunter2, x: 1}"],
  ["a client's secret", 'sasl: {mechanism: OAUTHBEARER, token_url: "https://x", client_id: c, client_secret: hunter2, x: 1}'],
  ["a passphrase", "ssl: {passphrase: hunter2, x: 1}"],
  ["the path of a token's address", 'sasl: {mechanism: OAUTHBEARER, token_url: "https://x/hunter2?key=hunter2", client_id: c}'],
])("never prints %s", (_what, rest) => {
  const problems = problemsOf(load(kafka(rest)));
  expect(problems.length).toBeGreaterThan(0);
  expect(formatProblems(problems) + JSON.stringify(problems)).not.toContain("hunter2");
});

it("warns of a secret that anybody could read on its way", () => {
  const warnings = (rest: string, brokers = "kafka:9092") => {
    const result = load(`${MODEL}kafka: {brokers: ["${brokers}"], ${rest}}\n`);
    return result.ok
      ? result.warnings.map(({ path, hint }) => `${path}: ${hint}`).filter((text) => text.startsWith("kafka"))
      : problemsOf(result);
  };
  const plain = "sasl: {mechanism: PLAIN, username: u, password: p}";
  expect(warnings(plain)).toEqual(["kafka.sasl: add `ssl: true`"]);
  expect(warnings(`ssl: true, ${plain}`)).toEqual([]);
  expect(warnings(plain, "127.0.0.1:9092")).toEqual([]);
  expect(warnings("sasl: {mechanism: SCRAM-SHA-256, username: u, password: p}")).toEqual([]);
  const token = 'sasl: {mechanism: OAUTHBEARER, token_url: "http://id/token", client_id: c, client_secret: s}';
  expect(warnings(`ssl: true, ${token}`)).toEqual(["kafka.sasl.token_url: use its https address"]);
});

it("the schema for editors knows both", () => {
  expect(JSON.stringify(jsonSchema())).toMatch(/"ssl".*"ca_file".*"sasl".*"SCRAM-SHA-512".*"token_url"/);
});
