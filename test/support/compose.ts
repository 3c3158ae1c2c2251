import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import * as z from "zod";

const root = fileURLToPath(new URL("../../", import.meta.url));

const condition = z.enum(["service_started", "service_healthy", "service_completed_successfully"]);
const duration = z.string().regex(/^\d+s$/);
const scalar = z.union([z.string(), z.number()]);

/** What a service of our stack may say: keys that docker-compose 1.29 knows, each in one form. */
const service = z.strictObject({
  image: z.string(),
  build: z.literal(".").optional(),
  user: z.string(),
  restart: z.enum(["unless-stopped", "no"]),
  profiles: z.array(z.string()).optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  logging: z.strictObject({ driver: z.string(), options: z.record(z.string(), z.string()) }),
  ports: z.array(z.string()).default([]),
  environment: z.record(z.string(), scalar.transform(String)).default({}),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition })).default({}),
  volumes: z.array(z.string()).default([]),
  ulimits: z.strictObject({ nofile: z.strictObject({ soft: z.int(), hard: z.int() }) }).optional(),
  stop_grace_period: duration.optional(),
  healthcheck: z
    .strictObject({
      test: z.array(z.string()).min(2),
      interval: duration,
      timeout: duration,
      retries: z.int(),
      start_period: duration.optional(),
    })
    .optional(),
});
const compose = z.strictObject({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.null()) });

/** The stack with no variable set, checked against what it may say. */
export function readCompose(): z.infer<typeof compose> {
  const text = readFileSync(`${root}docker-compose.yml`, "utf8").replace(/\$\{\w+:?-([^}]*)\}/g, "$1");
  const { "x-service": _service, "x-driftwatch": _driftwatch, ...rest } = parse(text, { merge: true }) as Record<string, unknown>;
  return compose.parse(rest);
}

type DockerCompose = readonly [string, ...string[]];

/** The program, in either of its forms; null where it is missing, which is said loudly, and is a failure with CI set. */
export function findDockerCompose(): DockerCompose | null {
  const forms: DockerCompose[] = [["docker-compose"], ["docker", "compose"]];
  const found = forms.find(([command, ...args]) => spawnSync(command, [...args, "version"]).status === 0);
  if (found) return found;
  const reason = "docker-compose was not found: install it (apt-get install --no-install-recommends docker-compose)";
  if (process.env["CI"]) throw new Error(reason);
  console.warn(`\n${"!".repeat(100)}\n!!! A CHECK OF docker-compose.yml IS SKIPPED: ${reason}\n${"!".repeat(100)}\n`);
  return null;
}

/** The stack as the program itself understands it. Throws what it says when it refuses the file. */
export function composeConfig([command, ...before]: DockerCompose, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(command, [...before, ...args, "config"], {
    cwd: root,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return parse(stdout) as { services: Record<string, { command?: string | string[]; environment?: Record<string, string> }> };
}
