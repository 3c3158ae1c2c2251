import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawn } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { playToKafka } from "../../src/cli/demo-kafka.ts";
import { startFront } from "../support/clickhouse-front.ts";
import { FLIGHTS } from "../support/flight-app.ts";
import { freePorts } from "../support/kafka-broker.ts";
import { kafkaForTest, kafkaSkipReason } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startSmtpCatcher } from "../support/smtp-catcher.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The parts of the stack as they are to work together, without the containers around them: the configuration is the
 * stack's own, but for the names of the hosts and of the topics.
 */
test.skipIf(kafkaSkipReason())(
  `the stack's configuration, with Kafka, ClickHouse over HTTP and mail${kafkaSkipReason() ? ` (skipped: ${kafkaSkipReason()})` : ""}`,
  async () => {
    const kafka = await kafkaForTest();
    const topics = { predictions: kafka.unique("predictions"), labels: kafka.unique("labels") };
    onTestFinished(async () => {
      await kafka.admin.deleteTopics({ topics: Object.values(topics) });
      await kafka.close();
    });
    const clickhouse = await startFront();
    onTestFinished(clickhouse.stop);
    const mail = await startSmtpCatcher();
    onTestFinished(mail.stop);
    const [port] = await freePorts();
    const url = `http://127.0.0.1:${port}`;

    const directory = scratchDirectory();
    mkdirSync(join(directory, "deploy"));
    mkdirSync(join(directory, "examples"));
    cpSync(FLIGHTS, join(directory, "examples", "flights"), { recursive: true });
    let config = readFileSync(join(root, "deploy", "driftwatch.yaml"), "utf8");
    for (const [there, here] of [
      ['["kafka:9092"]', JSON.stringify(kafka.brokers)],
      ["driftwatch.predictions", topics.predictions],
      ["driftwatch.labels", topics.labels],
      ["http://clickhouse:8123", clickhouse.settings.url],
      ["host: mailpit, port: 1025", `host: 127.0.0.1, port: ${mail.port}`],
    ] as const) {
      expect(config).toContain(there);
      config = config.replace(there, here);
    }
    writeFileSync(join(directory, "deploy", "driftwatch.yaml"), config);

    expect(await playToKafka({ brokers: kafka.brokers, topics, until: "2013-05-01", json: true })).toBe(0);
    const daemon = spawn(
      process.execPath,
      [join(root, "dist", "main.js"), "run", "--config", "deploy/driftwatch.yaml", "--host", "127.0.0.1", "--port", String(port)],
      {
        cwd: directory,
        env: {
          PATH: process.env["PATH"],
          DRIFTWATCH_CLICKHOUSE_PASSWORD: clickhouse.settings.password,
          DRIFTWATCH_PUBLIC_URL: url,
          DRIFTWATCH_TOKEN: "a token",
        },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    let said = "";
    daemon.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const exited = new Promise<number | null>((resolve) => daemon.once("exit", resolve));
    onTestFinished(async () => {
      daemon.kill("SIGKILL");
      await exited;
    });

    await until(
      "a mail about the accuracy",
      () => {
        if (daemon.exitCode !== null) throw new Error(`the daemon ended: ${said}`);
        return mail.mails.some(({ email }) => email.subject?.includes("accuracy"));
      },
      180_000,
    );
    const about = mail.mails.find(({ email }) => email.subject?.includes("accuracy"));
    expect(about?.recipients).toEqual(["ml-oncall@example.com"]);
    expect(about?.email.text).toContain(`${url}/`);

    // Other machines are to need the token, and a browser can give it.
    const page = (authorization?: string) => fetch(`${url}/models/flight-delay`, authorization ? { headers: { authorization } } : {});
    expect((await page()).status).toBe(401);
    expect((await page(`Basic ${Buffer.from("anybody:a token").toString("base64")}`)).status).toBe(200);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    daemon.kill("SIGTERM");
    expect(await exited, said).toBe(0);
  },
  300_000,
);
