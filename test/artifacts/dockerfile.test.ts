import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { execForm, readCopy, readDockerfile, replay } from "../support/dockerfile.ts";
import { freePorts } from "../support/kafka-broker.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const stages = readDockerfile(readFileSync(join(root, "Dockerfile"), "utf8"));
const last = stages.at(-1);
const one = (name: string) => last?.instructions.filter((instruction) => instruction.name === name).map(({ text }) => text) ?? [];

/** Nothing of this process but what a program needs: no token, no path into this repository. */
const env = { PATH: process.env["PATH"], HOME: process.env["HOME"] };

describe("the Dockerfile", () => {
  test("starts from a Node that the program supports, by its exact version, and the same in every stage", () => {
    const images = new Set(stages.map(({ image }) => image));
    expect([...images]).toEqual([expect.stringMatching(/^node:\d+\.\d+\.\d+-bookworm-slim$/)]);
    const [major = 0, minor = 0] = (/\d+\.\d+/.exec([...images][0] ?? "")?.[0] ?? "").split(".").map(Number);
    expect(major).toBeGreaterThanOrEqual(20);
    expect(major > 20 || minor >= 19).toBe(true);
  });

  test("ends as a user without rights, whose command gets the signals itself", () => {
    expect(one("USER")).toEqual([expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)]);
    expect(execForm(one("ENTRYPOINT")[0] ?? "")).toEqual(["node", "bin/driftwatch.mjs"]);
    expect(execForm(one("CMD")[0] ?? "")).toEqual(["run", "--config", "/etc/driftwatch/driftwatch.yaml"]);
    expect(one("VOLUME")).toEqual(["/data"]);
  });

  test(".dockerignore lets in what is copied, and nothing else", () => {
    const copied = new Set(
      stages
        .flatMap(({ instructions }) => instructions.filter(({ name }) => name === "COPY").map(({ text }) => readCopy(text)))
        .filter(({ from }) => from === null)
        .flatMap(({ sources }) => sources),
    );
    const rules = readFileSync(join(root, ".dockerignore"), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(rules[0]).toBe("*");
    expect(rules.slice(1).sort()).toEqual([...copied].map((path) => `!${path}`).sort());
  });
});

describe("its steps, done in an empty directory", () => {
  let app = "";

  beforeAll(() => {
    const roots = replay(stages, root, scratchDirectory(), {
      ...env,
      npm_config_prefer_offline: "true",
      npm_config_update_notifier: "false",
    });
    app = join(roots.at(-1) ?? "", "app");
  }, 600_000);

  const [node = "", ...entry] = execForm(one("ENTRYPOINT")[0] ?? "");
  const start = (args: readonly string[]) => {
    const child = spawn(node, [...entry, ...args], {
      cwd: app,
      env: { ...env, NODE_ENV: "production" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await exited;
    });
    return { child, exited, said: () => said };
  };

  test("leave no package that only development needs, and none out that the program imports", () => {
    const { devDependencies, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
      "devDependencies" | "dependencies",
      Record<string, string>
    >;
    const installed = readdirSync(join(app, "node_modules"), { recursive: false, encoding: "utf8" }).flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(app, "node_modules", name)).map((inner) => `${name}/${inner}`) : [name],
    );
    expect(installed).toEqual(expect.arrayContaining(Object.keys(dependencies)));
    expect(installed.filter((name) => name in devDependencies)).toEqual([]);

    // Every module but the one that runs the program: what is imported only now and then is found missing here.
    const load = `import { readdirSync } from "node:fs";
      const files = readdirSync("dist", { recursive: true }).filter((file) => file.endsWith(".js") && file !== "main.js");
      for (const file of files) await import("./dist/" + file);
      process.stdout.write(String(files.length), () => process.exit(0));`;
    writeFileSync(join(app, "load.mjs"), load);
    const { status, stdout, stderr } = spawnSync(node, ["load.mjs"], { cwd: app, env, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(Number(stdout)).toBeGreaterThan(100);
  }, 60_000);

  test("give a daemon that is healthy, serves its pages, and ends when told to", async () => {
    const directory = scratchDirectory();
    const [port] = await freePorts();
    copyFileSync(join(root, "driftwatch.yaml"), join(directory, "driftwatch.yaml"));
    const args = execForm(one("CMD")[0] ?? "").map((word) => word.replace("/etc/driftwatch", directory));
    const daemon = start([...args, "--port", String(port)]);
    const health = execForm(one("HEALTHCHECK")[0] ?? "").map((word) => word.replace(":8080/", `:${port}/`));
    expect(health.join(" ")).toContain(`:${port}/healthz`);
    const isHealthy = () => spawnSync(health[0] ?? "", health.slice(1), { env }).status === 0;
    await until(
      "the health check to succeed",
      () => {
        if (daemon.child.exitCode !== null) throw new Error(`the daemon ended: ${daemon.said()}`);
        return isHealthy();
      },
      60_000,
    );
    for (const path of ["/", "/docs", "/openapi.json", "/models/my-model"]) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
    }
    daemon.child.kill("SIGTERM");
    expect(await daemon.exited, daemon.said()).toBe(0);
    expect(isHealthy()).toBe(false);
  }, 120_000);

  test("give the demo's flights, the rules that ship, and the stack's configuration where it is mounted", async () => {
    mkdirSync(join(app, "deploy"));
    copyFileSync(join(root, "deploy", "driftwatch.yaml"), join(app, "deploy", "driftwatch.yaml"));
    const { status, stdout, stderr } = spawnSync(node, [...entry, "check", "--config", "deploy/driftwatch.yaml"], {
      cwd: app,
      env: { ...env, DRIFTWATCH_CLICKHOUSE_PASSWORD: "a", DRIFTWATCH_TOKEN: "b", DRIFTWATCH_PUBLIC_URL: "http://localhost:8080" },
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toContain("accuracy-drop");
    // It finds the flights before it finds no broker.
    const demo = start(["demo", "--kafka", "127.0.0.1:1"]);
    expect(await demo.exited).toBe(1);
    expect(demo.said()).toContain("No Kafka broker answered");
  }, 60_000);
});
