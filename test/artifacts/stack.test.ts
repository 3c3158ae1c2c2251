import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { loadConfig } from "../../src/config/load.ts";
import { composeConfig, findDockerCompose, readCompose } from "../support/compose.ts";
import { execForm, readDockerfile } from "../support/dockerfile.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const { services, volumes } = readCompose();
const each = Object.entries(services);
const ONE_SHOTS = ["topics", "flights"];

describe("docker-compose.yml", () => {
  const compose = findDockerCompose();

  test.skipIf(compose === null)("is accepted, with and without the demo", () => {
    if (compose === null) return;
    const plain = composeConfig(compose, []);
    const demo = composeConfig(compose, ["--profile", "demo"]);
    expect(Object.keys(demo.services).sort()).toEqual(Object.keys(services).sort());
    for (const name of Object.keys(services).filter((one) => one !== "flights")) expect(plain.services).toHaveProperty(name);
    expect(each.filter(([, service]) => service.profiles).map(([name, { profiles }]) => [name, profiles])).toEqual([["flights", ["demo"]]]);
    // The dollars of the shell are the shell's.
    expect(JSON.stringify(demo.services["topics"]?.command)).toMatch(/--topic \\"\$?\$topic\\"/);
  });

  test.skipIf(compose === null)("takes passwords, ports and the configuration from the environment", () => {
    if (compose === null) return;
    const changed = composeConfig(compose, [], {
      DRIFTWATCH_CONFIG: "deploy/my.yaml",
      DRIFTWATCH_PORT: "18080",
      DRIFTWATCH_CLICKHOUSE_PASSWORD: "one",
      GRAFANA_CLICKHOUSE_PASSWORD: "two",
      DRIFTWATCH_TOKEN: "three",
      GRAFANA_PASSWORD: "four",
      KAFKA_PORT: "19092",
    });
    const environment = (name: string) => changed.services[name]?.environment ?? {};
    expect([changed.services["driftwatch"]?.command].flat().join(" ")).toBe("run --config deploy/my.yaml");
    expect(environment("driftwatch")).toEqual({
      DRIFTWATCH_CLICKHOUSE_PASSWORD: "one",
      DRIFTWATCH_PUBLIC_URL: "http://localhost:18080",
      DRIFTWATCH_TOKEN: "three",
    });
    expect(environment("clickhouse")).toMatchObject({ DRIFTWATCH_CLICKHOUSE_PASSWORD: "one", GRAFANA_CLICKHOUSE_PASSWORD: "two" });
    expect(environment("grafana")).toMatchObject({ GF_SECURITY_ADMIN_PASSWORD: "four", GRAFANA_CLICKHOUSE_PASSWORD: "two" });
    expect(environment("kafka")["KAFKA_ADVERTISED_LISTENERS"]).toContain("HOST://localhost:19092");
  });

  test.each(each)("%s is pinned, without rights it does not need, and reached from this machine alone", (_name, service) => {
    expect(service.image).toMatch(service.build ? /^driftwatch:local$/ : /^[a-z/-]+:v?\d+(\.\d+){2,3}$/);
    expect(service.user).not.toMatch(/^(root|0)(:|$)/);
    expect(service.cap_drop).toEqual(["ALL"]);
    expect(service.security_opt).toEqual(["no-new-privileges:true"]);
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test.each(each.filter(([name]) => !ONE_SHOTS.includes(name)))("%s says whether it is well, and comes back", (_name, service) => {
    const ofImage = readDockerfile(read("Dockerfile"))
      .at(-1)
      ?.instructions.find(({ name }) => name === "HEALTHCHECK");
    const check = service.healthcheck?.test ?? (service.build && ofImage ? ["CMD", ...execForm(ofImage.text)] : []);
    expect(check[0]).toBe("CMD");
    expect(service.restart).toBe("unless-stopped");
  });

  test("the others end, and what needs them waits for that", () => {
    for (const name of ONE_SHOTS) expect(services[name]?.restart).toBe("no");
    for (const [name, service] of each) {
      for (const [needed, { condition }] of Object.entries(service.depends_on))
        expect([name, needed, condition]).toEqual([
          name,
          needed,
          ONE_SHOTS.includes(needed) ? "service_completed_successfully" : "service_healthy",
        ]);
      expect(Object.keys(service.depends_on).every((needed) => needed in services)).toBe(true);
    }
  });

  test("every mount is a file or directory of this repository, read-only, or a named volume", () => {
    const named = new Set<string>();
    for (const [, service] of each) {
      for (const mount of service.volumes) {
        const [source = "", target = "", mode] = mount.split(":");
        expect(target).toMatch(/^\//);
        if (source.startsWith("./")) expect([mount, existsSync(join(root, source)), mode]).toEqual([mount, true, "ro"]);
        else named.add(source);
      }
    }
    expect([...named].sort()).toEqual(Object.keys(volumes).sort());
  });

  test("the configuration lies where the daemon is told it is", () => {
    const { command = [], volumes: mounts = [] } = services["driftwatch"] ?? {};
    expect(command).toEqual(["run", "--config", "deploy/driftwatch.yaml"]);
    expect(mounts).toContain("./deploy:/app/deploy:ro");
  });

  test("the topics that are made are those that are read and played into", () => {
    const { kafka } = config();
    const made = /for topic in (.+); do/.exec(services["topics"]?.command?.join("") ?? "")?.[1]?.split(" ");
    expect(made).toEqual(kafka?.topics.map(({ topic }) => topic));
    expect(kafka?.brokers).toEqual(["kafka:9092"]);
    expect(services["flights"]?.command).toEqual(["demo", "--kafka", "kafka:9092"]);
  });

  test("its versions are those the tests and the dashboards are made for", () => {
    expect(services["kafka"]?.image).toBe(services["topics"]?.image);
    expect(read("test/support/kafka-broker.ts")).toContain(`?? "${services["kafka"]?.image.split(":")[1]}"`);
    expect(read("src/store/server.ts")).toContain("LEAST_VERSION = [26, 3]");
    const [major = 0, minor = 0] = (services["clickhouse"]?.image.split(":")[1] ?? "").split(".").map(Number);
    expect(major * 100 + minor).toBeGreaterThanOrEqual(2603);
    const plugin = /grafana-clickhouse-datasource@([\d.]+)$/.exec(
      services["grafana"]?.environment["GF_PLUGINS_PREINSTALL_SYNC"] ?? "",
    )?.[1];
    for (const file of readdirSync(join(root, "dashboards/json")))
      for (const [, version] of read(`dashboards/json/${file}`).matchAll(
        /"pluginVersion": ?"([\d.]+)",\s*"(?:editorType|queryType|rawSql)/g,
      ))
        expect([file, version]).toEqual([file, plugin]);
  });
});

describe("docs/stack.md", () => {
  const document = read("docs/stack.md");

  test("names every variable of the stack with its default", () => {
    const variables = new Map(
      [...read("docker-compose.yml").matchAll(/\$\{(\w+):?-([^}]*)\}/g)].map(([, name = "", value = ""]) => [name, value]),
    );
    const rows = document.split("\n").filter((line) => /^\| `[A-Z]/.test(line));
    const documented = rows.flatMap((row) => {
      const [, names = "", values = ""] = row.split(" | ").length > 2 ? ["", ...row.slice(2).split(" | ")] : [];
      const defaults = values.replaceAll("`", "").split(", ");
      return [...names.matchAll(/`(\w+)`/g)].map(([, name = ""], index) => [name, defaults[index] ?? ""] as const);
    });
    expect(new Map(documented)).toEqual(variables);
  });

  test("says which images nobody has pulled, and what Grafana's first password is", () => {
    const images = each.filter(([, service]) => !service.build).map(([, service]) => service.image);
    const base = readDockerfile(read("Dockerfile")).map(({ image }) => image);
    const [, notRun = ""] = document.split("## What was not run");
    for (const image of [...images, ...base]) expect(notRun).toContain(`\`${image}\``);
    expect(read("README.md")).toContain(`\`${services["grafana"]?.environment["GF_SECURITY_ADMIN_PASSWORD"]}\``);
    expect(read("README.md")).toContain(`\`${services["driftwatch"]?.environment["DRIFTWATCH_TOKEN"]}\``);
  });
});

const ENVIRONMENT = {
  DRIFTWATCH_CLICKHOUSE_PASSWORD: "a password",
  DRIFTWATCH_PUBLIC_URL: "http://localhost:8080",
  DRIFTWATCH_TOKEN: "a token",
};

function config() {
  const loaded = loadConfig({ file: join(root, "deploy/driftwatch.yaml"), env: ENVIRONMENT, shippedAlerts: join(root, "alerts") });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems, null, 2));
  expect(loaded.warnings).toEqual([]);
  return loaded.config;
}

describe("deploy/driftwatch.yaml", () => {
  test("is right, with the variables that the stack sets", () => {
    expect(Object.keys(services["driftwatch"]?.environment ?? {}).sort()).toEqual(Object.keys(ENVIRONMENT).sort());
    const { store, http, channels, models, clock, rules } = config();
    expect(store).toEqual({
      kind: "server",
      url: "http://clickhouse:8123",
      database: "driftwatch",
      username: "driftwatch",
      password: "a password",
    });
    expect(http).toMatchObject({ host: "0.0.0.0", port: 8080, publicUrl: "http://localhost:8080" });
    expect([...channels.values()]).toEqual([
      expect.objectContaining({ type: "email", smtp: expect.objectContaining({ host: "mailpit", port: 1025 }) }),
    ]);
    expect([...models.keys()]).toEqual(["flight-delay"]);
    expect(clock).toBe("replay");
    expect(rules.length).toBeGreaterThan(3);
  });
});

describe("what Grafana is given", () => {
  const datasources = z.strictObject({
    apiVersion: z.literal(1),
    datasources: z
      .array(
        z.strictObject({
          name: z.string(),
          uid: z.string().regex(/^[\w-]{1,40}$/),
          type: z.literal("grafana-clickhouse-datasource"),
          isDefault: z.boolean(),
          editable: z.boolean(),
          jsonData: z.strictObject({
            host: z.string(),
            port: z.int(),
            protocol: z.enum(["native", "http"]),
            username: z.string(),
            defaultDatabase: z.string(),
            dialTimeout: z.string().regex(/^\d+$/),
            queryTimeout: z.string().regex(/^\d+$/),
          }),
          secureJsonData: z.strictObject({ password: z.string().regex(/^\$\w+$/) }),
        }),
      )
      .length(1),
  });
  const providers = z.strictObject({
    apiVersion: z.literal(1),
    providers: z
      .array(
        z.strictObject({
          name: z.string(),
          orgId: z.literal(1),
          folder: z.string(),
          folderUid: z.string(),
          type: z.literal("file"),
          disableDeletion: z.boolean(),
          updateIntervalSeconds: z.int(),
          allowUiUpdates: z.literal(false),
          options: z.strictObject({ path: z.string() }),
        }),
      )
      .length(1),
  });
  const provisioning = "deploy/grafana/provisioning";
  const grafana = services["grafana"];

  test("a data source: the server of the stack, as the user who may read the views", () => {
    const { datasources: found } = datasources.parse(parse(read(`${provisioning}/datasources/driftwatch.yaml`)));
    const { jsonData, secureJsonData } = found[0] ?? { jsonData: undefined, secureJsonData: undefined };
    expect(jsonData).toMatchObject({
      host: "clickhouse",
      port: 9000,
      protocol: "native",
      username: "grafana_reader",
      defaultDatabase: "driftwatch",
    });
    const variable = secureJsonData?.password.slice(1) ?? "";
    expect(grafana?.environment[variable]).toBe(services["clickhouse"]?.environment[variable]);
    expect(grafana?.environment[variable]).toBeTruthy();
  });

  test("dashboards: those of this repository, and the fleet's as the home page", () => {
    const { providers: found } = providers.parse(parse(read(`${provisioning}/dashboards/driftwatch.yaml`)));
    const path = found[0]?.options.path ?? "";
    expect(grafana?.volumes).toContain(`./dashboards/json:${path}:ro`);
    const home = grafana?.environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] ?? "";
    expect(home.startsWith(`${path}/`)).toBe(true);
    expect(JSON.parse(read(`dashboards/json/${home.slice(path.length + 1)}`))).toMatchObject({ uid: "driftwatch-fleet" });
  });

  test("nothing else", () => {
    expect(readdirSync(join(root, provisioning), { recursive: true, encoding: "utf8" }).sort()).toEqual([
      "dashboards",
      "dashboards/driftwatch.yaml",
      "datasources",
      "datasources/driftwatch.yaml",
    ]);
  });
});
