import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import kafkajs from "kafkajs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblems } from "../../src/config/problem.ts";
import { createKafkaSource } from "../../src/ingest/kafka-source.ts";
import { createTokens } from "../../src/ingest/oauth-token.ts";
import { SourceError } from "../../src/ingest/source.ts";
import { createLog, silentLog } from "../../src/log.ts";
import type { KafkaSettings } from "../../src/model/settings.ts";
import { SECOND } from "../../src/model/time.ts";
import { collector } from "../contract/event-source.ts";
import { freePorts, ownBrokerUnavailable } from "../support/kafka-broker.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { PASSWORD, startSecuredBroker, USER, type SecuredBroker } from "../support/secured-broker.ts";

const reason = ownBrokerUnavailable();
if (reason !== null) console.warn(`\n${"!".repeat(100)}\n!!! TLS AND SASL ARE NOT TESTED: ${reason}\n${"!".repeat(100)}\n`);

const TOPIC = "events";
const SECRET = "s3cret of the client";

type Endpoint = { readonly url: string; readonly asked: { readonly authorization: string; readonly body: string }[] };

/** A token endpoint. Its tokens are unsigned, as the broker of this test takes them; `path` says how it behaves. */
async function startTokenEndpoint(): Promise<Endpoint> {
  const asked: Endpoint["asked"] = [];
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (exp: number) =>
    `${part({ alg: "none" })}.${part({ sub: USER, iat: Date.now() / SECOND - 60, exp: Date.now() / SECOND + exp })}.`;
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    asked.push({ authorization: request.headers.authorization ?? "", body });
    const path = request.url ?? "";
    if (path.startsWith("/refuse")) return void response.writeHead(401).end('{"error": "invalid_client"}');
    if (path.startsWith("/nothing")) return void response.end("{}");
    if (path.startsWith("/elsewhere")) return void response.writeHead(302, { location: "/token" }).end();
    if (path.startsWith("/busy-once") && asked.length === 1) return void response.writeHead(503).end();
    response.end(
      JSON.stringify({ access_token: token(path.startsWith("/expired") ? -10 : 300), expires_in: path.startsWith("/short") ? 0.1 : 300 }),
    );
  }
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe.skipIf(reason !== null)("a broker that is not open to everybody", () => {
  let broker: SecuredBroker;
  beforeAll(async () => {
    broker = await startSecuredBroker();
    const admin = new kafkajs.Kafka({ brokers: [broker.plain], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic: TOPIC, numPartitions: 1 }] });
    await admin.disconnect();
    const producer = new kafkajs.Kafka({ brokers: [broker.plain], logLevel: kafkajs.logLevel.NOTHING }).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await producer.send({ topic: TOPIC, messages: [{ value: "hello" }] });
    await producer.disconnect();
  }, 200_000);
  afterAll(() => broker.stop());

  /** The settings as a configuration file says them: what is tested is the whole way from there. */
  function settingsOf(address: string, security: object): KafkaSettings {
    const directory = scratchDirectory();
    writeFileSync(join(directory, "password"), `${PASSWORD}\n`);
    const file = join(directory, "driftwatch.yaml");
    const kafka = { brokers: [address], group: `g-${Math.random()}`, topics: { predictions: TOPIC, labels: TOPIC }, ...security };
    writeFileSync(file, `models: {m: {task: regression}}\nalerts: []\nkafka: ${JSON.stringify(kafka)}\n`);
    const loaded = loadConfig({ file, env: { PASSWORD } });
    if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
    if (!loaded.config.kafka) throw new Error("no Kafka was configured");
    return loaded.config.kafka;
  }

  function sourceOf(settings: KafkaSettings, log = silentLog) {
    const source = createKafkaSource({
      settings,
      log,
      onFatal: (cause) => expect.unreachable(String(cause)),
      now: Date.now,
      tuning: { maxWaitTimeInMs: 100, connectWithin: 3_000 },
    });
    onTestFinished(() => source.stop());
    return source;
  }

  async function expectRead(settings: KafkaSettings): Promise<void> {
    const source = sourceOf(settings);
    const { handle, texts, total } = collector();
    await source.start(handle);
    await until("the message", () => total() > 0);
    expect(texts(`${TOPIC}/0`)).toEqual(["hello"]);
  }

  /** What a person reads. Nothing that is said or logged may hold a secret. */
  async function refusal(settings: KafkaSettings): Promise<string> {
    const lines: string[] = [];
    const source = sourceOf(
      settings,
      createLog((line) => lines.push(line)),
    );
    const failure = await source.start(async () => {}).catch((cause: unknown) => cause);
    if (!(failure instanceof SourceError)) throw new Error("it was let in", { cause: failure });
    const text = `${failure.message}\n${failure.hint}`;
    for (const secret of [PASSWORD, SECRET, "not-the-password"]) expect(text + lines.join("\n")).not.toContain(secret);
    expect(source.status()).toMatchObject({ running: false, error: failure.message });
    return text;
  }

  const password = (mechanism: string, more: object = { password: "${PASSWORD}" }) => ({ mechanism, username: USER, ...more });
  const bearer = (endpoint: Endpoint, path = "/token") => ({
    mechanism: "OAUTHBEARER",
    token_url: endpoint.url + path,
    client_id: "drift:watch",
    client_secret: SECRET,
    scope: "kafka",
  });

  test("is read over TLS, with and without a certificate of one's own", async () => {
    await expectRead(settingsOf(broker.tls, { ssl: { ca_file: broker.ca } }));
    await expectRead(
      settingsOf(broker.mutualTls, { ssl: { ca_file: broker.ca, cert_file: broker.clientCert, key_file: broker.clientKey } }),
    );
  });

  test.each(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])("is read with a password by %s", async (mechanism) => {
    await expectRead(settingsOf(broker.sasl, { sasl: password(mechanism) }));
    await expectRead(
      settingsOf(broker.saslOverTls, { ssl: { ca_file: broker.ca }, sasl: password(mechanism, { password_file: "password" }) }),
    );
  });

  test("is read with a token, which one answer of the endpoint is enough for", async () => {
    const endpoint = await startTokenEndpoint();
    await expectRead(settingsOf(broker.sasl, { sasl: bearer(endpoint) }));
    // The admin client and the consumer have one each, however many connections they make.
    expect(endpoint.asked.length).toBeLessThanOrEqual(2);
    expect(endpoint.asked[0]).toEqual({
      authorization: `Basic ${Buffer.from("drift%3Awatch:s3cret%20of%20the%20client").toString("base64")}`,
      body: "grant_type=client_credentials&scope=kafka",
    });
    await expectRead(settingsOf(broker.saslOverTls, { ssl: { ca_file: broker.ca }, sasl: bearer(endpoint, "/busy-once") }));
  });

  test("says that a password is wrong", async () => {
    for (const mechanism of ["PLAIN", "SCRAM-SHA-512"])
      expect(await refusal(settingsOf(broker.sasl, { sasl: password(mechanism, { password: "not-the-password" }) }))).toMatch(
        new RegExp(`refuses the login of ${USER} with ${mechanism}: .*\\nCheck kafka.sasl.username`),
      );
  });

  test("says at once that its certificate is not trusted, whatever the environment says", async () => {
    const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    onTestFinished(() => {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      if (before !== undefined) process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    });
    for (const ssl of [true, { ca_file: broker.otherCa }])
      expect(await refusal(settingsOf(broker.tls, { ssl }))).toMatch(/was issued by nobody known here: .*\n.*kafka\.ssl\.ca_file/);
    expect(await refusal(settingsOf(broker.tls, { ssl: { ca_file: broker.ca, server_name: "kafka.example" } }))).toMatch(
      /is for another name: .*kafka\.example.*\n.*kafka\.ssl\.server_name/,
    );
  });

  test("says that it wants a certificate", async () => {
    expect(await refusal(settingsOf(broker.mutualTls, { ssl: { ca_file: broker.ca } }))).toMatch(
      /does not accept this client's certificate\.\n.*kafka\.ssl\.cert_file/,
    );
  });

  test("says that a port speaks TLS, or none", async () => {
    expect(await refusal(settingsOf(broker.tls, {}))).toMatch(/closes every connection\.\nA TLS listener .* set kafka\.ssl\./);
    expect(await refusal(settingsOf(broker.plain, { ssl: { ca_file: broker.ca } }))).toMatch(
      /speaks no TLS on this port\.\n.*remove kafka\.ssl/,
    );
  });

  test("says that it wants a login, or takes none, or none of this kind", async () => {
    expect(await refusal(settingsOf(broker.sasl, {}))).toMatch(/closes every connection\.\n.*set kafka\.sasl\./);
    expect(await refusal(settingsOf(broker.saslOverTls, { ssl: { ca_file: broker.ca } }))).toMatch(
      /closes every connection\.\nA SASL listener/,
    );
    expect(await refusal(settingsOf(broker.plain, { sasl: password("PLAIN") }))).toMatch(/does not take logins on this port/);
    expect(await refusal(settingsOf(broker.onlyScram, { sasl: password("PLAIN") }))).toMatch(
      /does not offer PLAIN\.\nSet kafka\.sasl\.mechanism/,
    );
  });

  test("says why there is no token, or what is wrong with it", async () => {
    const endpoint = await startTokenEndpoint();
    const said = (path: string) => refusal(settingsOf(broker.sasl, { sasl: bearer(endpoint, path) }));
    expect(await said("/refuse?key=1")).toMatch(
      /No token for Kafka: the token endpoint .*\/refuse refused with HTTP 401 \(invalid_client\)\.\n.*token_url/,
    );
    expect(await said("/nothing")).toMatch(/answered without an access_token/);
    expect(await said("/elsewhere")).toMatch(/did not answer: .*redirect/);
    expect(await said("/expired")).toMatch(/refuses the token: .*invalid_token.*\n.*issuer, audience and scope/);
    const [closed] = await freePorts();
    const nobody = { ...bearer(endpoint), token_url: `http://127.0.0.1:${closed}/token` };
    expect(await refusal(settingsOf(broker.sasl, { sasl: nobody }))).toMatch(
      /No token for Kafka: the token endpoint .* did not answer: .*ECONNREFUSED/,
    );
  });
});

test("a token is used for most of its life, by all who ask, and then replaced", async () => {
  const endpoint = await startTokenEndpoint();
  const grant = { clientId: "a", clientSecret: SECRET, scope: null };
  const lasting = createTokens({ ...grant, tokenUrl: `${endpoint.url}/token` });
  const [one, two] = await Promise.all([lasting(), lasting()]);
  expect([two, await lasting()]).toEqual([one, one]);
  expect(endpoint.asked).toHaveLength(1);
  expect(endpoint.asked[0]?.body).toBe("grant_type=client_credentials");

  const short = createTokens({ ...grant, tokenUrl: `${endpoint.url}/short` });
  const first = await short();
  await until("another token", async () => (await short()) !== first);

  const refused = createTokens({ ...grant, tokenUrl: `${endpoint.url}/refuse` });
  await expect(refused()).rejects.toThrow("HTTP 401");
  // A refusal is not kept.
  const asked = endpoint.asked.length;
  await expect(refused()).rejects.toThrow("HTTP 401");
  expect(endpoint.asked).toHaveLength(asked + 1);
});
