import { cpSync, existsSync, mkdirSync, statSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { basename, join, resolve } from "node:path";

export type Instruction = { readonly name: string; readonly text: string };
export type Stage = { readonly image: string; readonly name: string | null; readonly instructions: readonly Instruction[] };

/** The stages of a Dockerfile, with the instructions of each. Understands what ours uses, and throws at what it does not. */
export function readDockerfile(source: string): Stage[] {
  const lines = source
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .join("\n")
    .replace(/\\\n\s*/g, "")
    .split("\n");
  const stages: { image: string; name: string | null; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = "", text = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (name === "FROM") {
      const [, image = "", as = null] = /^(\S+)(?: AS (\S+))?$/.exec(text) ?? [];
      stages.push({ image, name: as, instructions: [] });
    } else if (KNOWN.includes(name)) stages.at(-1)?.instructions.push({ name, text });
    else throw new Error(`This reader of Dockerfiles does not know: ${line}`);
  }
  return stages;
}

const KNOWN = ["ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "RUN", "USER", "VOLUME", "WORKDIR"];

export type Copy = { readonly from: string | null; readonly sources: readonly string[]; readonly target: string };

export function readCopy(text: string): Copy {
  const words = text.split(" ");
  const paths = words.filter((word) => !word.startsWith("--"));
  const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length) ?? null;
  return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? "" };
}

/** The words of an instruction in its exec form. */
export function execForm(text: string): string[] {
  return JSON.parse(text.slice(text.indexOf("["))) as string[];
}

/**
 * Does in `scratch` what a builder would do, with no container around it: each stage gets a directory as its root, COPY
 * takes only what it names, and RUN runs in the working directory of its stage. Returns the roots, by stage.
 */
export function replay(stages: readonly Stage[], context: string, scratch: string, env: NodeJS.ProcessEnv): string[] {
  const roots: string[] = [];
  for (const [index, { instructions }] of stages.entries()) {
    const root = join(scratch, `stage-${index}`);
    mkdirSync(root);
    roots.push(root);
    let directory = "/";
    for (const { name, text } of instructions) {
      if (name === "WORKDIR") {
        directory = resolve(directory, text);
        mkdirSync(join(root, directory), { recursive: true });
      } else if (name === "COPY") {
        const { from, sources, target } = readCopy(text);
        const source = from === null ? context : (roots[stages.findIndex((stage) => stage.name === from)] ?? "");
        for (const path of sources) copyAsBuilder(join(source, path), join(root, resolve(directory, target)), target.endsWith("/"));
      } else if (name === "RUN") {
        const { status, stdout, stderr } = spawnSync("sh", ["-c", text], { cwd: join(root, directory), env, encoding: "utf8" });
        if (status !== 0) throw new Error(`RUN ${text} ended with ${status}:\n${stdout}${stderr}`);
      }
    }
  }
  return roots;
}

/** A directory's content goes into the target; a file becomes the target, or goes into it when that is a directory. */
function copyAsBuilder(source: string, target: string, intoDirectory: boolean): void {
  if (!existsSync(source)) throw new Error(`COPY: there is no ${source}`);
  const isFile = statSync(source).isFile();
  cpSync(source, isFile && (intoDirectory || existsSync(target)) ? join(target, basename(source)) : target, {
    recursive: true,
    verbatimSymlinks: true,
  });
}
