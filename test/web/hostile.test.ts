import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type RunningServer } from "../../src/api/server.ts";
import { silentLog } from "../../src/log.ts";
import type { Store } from "../../src/store/store.ts";
import { subjectHref } from "../../src/web/links.ts";
import { openTemporaryStore } from "../alerting/examples.ts";
import { apiOver } from "../support/api.ts";
import { seedModel, seedStore, type SeedNames } from "../support/seed.ts";

const NAMES: SeedNames = {
  model: `<script>window.hit=1</script>"'`,
  versions: [`"><img src=x onerror=window.hit=1>`, "v\r\nSet-Cookie: a=b"],
  numeric: [`<svg onload=window.hit=1>`, "../../etc/passwd", "..", `"onmouseover="window.hit=1`, "a/b?c=d#e%2F%"],
  categorical: [`</title><script>window.hit=1</script>`, "javascript:window.hit=1", "\u202egnp.exe"],
  rule: `<b>rule</b> & "co"`,
};
const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let store: Store;
let remove: () => Promise<void>;
let server: RunningServer;
let browser: Browser;

beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
  await seedStore(store, NAMES);
  server = await startServer({ app: apiOver(store, [seedModel(NAMES)]).app, host: "127.0.0.1", port: 0, log: silentLog });
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGS });
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await remove();
});

const MODEL = encodeURIComponent(NAMES.model);
const PATHS = [
  "/",
  `/models/${MODEL}`,
  `/models/${MODEL}?version=${encodeURIComponent(NAMES.versions[0])}`,
  ...[...NAMES.numeric, ...NAMES.categorical].map((feature) =>
    subjectHref(NAMES.model, { subject: "feature", feature }, { version: NAMES.versions[0] }),
  ),
  subjectHref(NAMES.model, { subject: "score", feature: null }),
  "/alerts/a-temp",
  "/alerts/a-visib",
  `/v1/models/${MODEL}/report?format=html`,
  "/docs",
];

describe("pages with hostile names in them, in a browser", () => {
  it("show the names, run nothing, and break no policy", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const trouble: string[] = [];
    page.on("console", (message) => trouble.push(`${page.url()}: ${message.text()}`));
    page.on("pageerror", (error) => trouble.push(String(error)));
    page.on("request", (request) => !request.url().startsWith(server.url) && trouble.push(`requested ${request.url()}`));
    for (const path of PATHS) {
      const answer = await page.goto(server.url + path);
      expect([path, answer?.status()]).toEqual([path, 200]);
      expect([path, await page.evaluate("window.hit")]).toEqual([path, undefined]);
      expect([path, await page.locator("script, img, svg[onload], [onmouseover], [onerror], [style]").count()]).toEqual([path, 0]);
      expect(answer?.headers()["set-cookie"]).toBeUndefined();
    }
    expect(trouble).toEqual([]);
    await context.close();
  });

  it("every link leads somewhere on this daemon", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const links = new Set<string>();
    for (const path of PATHS.slice(0, 4)) {
      await page.goto(server.url + path);
      for (const link of await page.locator("a").evaluateAll((all) => all.map((one) => one.getAttribute("href") ?? ""))) links.add(link);
    }
    expect([...links].filter((link) => !/^[/?]/.test(link))).toEqual([]);
    // One cell of each subject stands for its row.
    const some = [
      ...new Map([...links].filter((link) => link.startsWith("/")).map((link) => [link.replace(/to=[^&]*/, ""), link])).values(),
    ];
    expect(some.length).toBeGreaterThan(15);
    for (const link of some) expect([link, (await fetch(server.url + link)).status]).toEqual([link, 200]);
    await context.close();
  });

  it("shows a feature that is named like a path, and one named in another direction", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.url + subjectHref(NAMES.model, { subject: "feature", feature: ".." }));
    expect(await page.locator("h1").innerText()).toBe("..");
    await page.goto(server.url + subjectHref(NAMES.model, { subject: "feature", feature: "\u202egnp.exe" }));
    expect(await page.locator("h1").innerText()).toBe("\u{fffd}gnp.exe");
    await context.close();
  });
});
