// `npm start`: sets up what is missing, then runs the demo, or the daemon when it is given options.
import { install } from "./install.mjs";

install();
const { build } = await import("./build.mjs");
build();
const given = process.argv.slice(2);
const args =
  given.length === 0
    ? ["demo"]
    : given[0].startsWith("-") && !["-h", "--help", "-V", "--version"].includes(given[0])
      ? ["run", ...given]
      : given;
process.argv.splice(2, process.argv.length, ...args);
await import("../dist/main.js");
