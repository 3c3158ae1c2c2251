import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import kafkajs from "kafkajs";
import { expect, it } from "vitest";
import { createKafkaSource } from "../../src/ingest/kafka-source.ts";
import { until } from "./kafka-until.ts";
const P = 29392, C = 29393;
it("restart", async () => {
  const d = mkdtempSync("/tmp/dwexp-");
  writeFileSync(`${d}/s.properties`, `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${C}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${P},CONTROLLER://127.0.0.1:${C}
advertised.listeners=PLAINTEXT://127.0.0.1:${P}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=${d}/logs
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`);
  const libs = `${process.cwd()}/.cache/kafka/4.3.0/libs/*`;
  const fl = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", libs];
  execFileSync("java", [...fl, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", `${d}/s.properties`], { stdio: "ignore" });
  let b: ChildProcess = spawn("java", [...fl, "kafka.Kafka", `${d}/s.properties`], { stdio: "ignore" });
  const kafka = new kafkajs.Kafka({ brokers: [`127.0.0.1:${P}`], logLevel: 0, retry: { retries: 0 } });
  const admin = kafka.admin();
  await until("up", async () => admin.connect().then(() => admin.describeCluster()).then((c) => c.brokers.length > 0, () => false), 60000);
  await new Promise(r => setTimeout(r, 1000));
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: "t", numPartitions: 3 }] });
  const lines: string[] = [];
  const mk = (l: string) => (m: string, f = {}) => void lines.push(`${new Date().toISOString().slice(11, 23)} ${l} ${m} ${JSON.stringify(f)}`);
  let n = 0;
  const t0 = Date.now();
  const src = createKafkaSource({ settings: { brokers: [`127.0.0.1:${P}`], group: "g", clientId: "c", topics: { predictions: "t", labels: "t" } }, log: { info: mk("I"), warn: mk("W"), error: mk("E") }, onFatal: (e) => lines.push("FATAL " + e.message), now: Date.now });
  await src.start(async (m) => { n += m.length; });
  console.log("start took", Date.now() - t0);
  const cpu0 = process.cpuUsage();
  await new Promise(r => setTimeout(r, 5000));
  const cpu = process.cpuUsage(cpu0);
  console.log("idle cpu ms in 5 s", (cpu.user + cpu.system) / 1000);
  const send = async (v: string) => { const p = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner }); await until("sent", async () => p.connect().then(() => p.send({ topic: "t", messages: [{ value: v }] })).then(() => true, () => false), 60000); await p.disconnect(); };
  await send("a");
  await until("1", () => n === 1);
  console.log("drained before", JSON.stringify(src.status()));
  const dead = new Promise(r => b.once("exit", r)); b.kill("SIGKILL"); await dead;
  await new Promise(r => setTimeout(r, 75000));
  console.log("while down", JSON.stringify(src.status()));
  b = spawn("java", [...fl, "kafka.Kafka", `${d}/s.properties`], { stdio: "ignore" });
  const up = Date.now();
  await send("b");
  console.log("produced after", Date.now() - up, "running", src.status().running);
  await until("2", () => n >= 2, 100000);
  console.log("read after", Date.now() - up, n);
  await until("drained", () => src.status().partitions.length === 3 && src.status().partitions.every(p => p.drained), 30000);
  console.log(JSON.stringify(src.status()));
  const dead2 = new Promise(r => b.once("exit", r)); b.kill("SIGKILL"); await dead2;
  await new Promise(r => setTimeout(r, 8000));
  const s0 = Date.now(); await src.stop(); console.log("stop while down took", Date.now() - s0);
  await admin.disconnect().catch(() => {});
  console.log(lines.join("\n"));
  expect(n).toBe(2);
}, 300000);
