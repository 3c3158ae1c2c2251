import { it } from "vitest";
import { mkdtemp } from "node:fs/promises";
import { chromium } from "playwright-core";
import { openStore } from "../../src/store/open.ts";
import { startServer } from "../../src/api/server.ts";
import { apiOver } from "../support/api.ts";
import { seedModel, seedStore } from "../support/seed.ts";
import { silentLog } from "../../src/log.ts";
it("shots", async () => {
const store = await openStore({ kind: "embedded", path: await mkdtemp("/tmp/dwshots-") });
await seedStore(store);
const empty = { ...seedModel(), name: "churn" };
const { app } = apiOver(store, [seedModel(), empty]);
const server = await startServer({ app, host: "127.0.0.1", port: 0, log: silentLog });
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(" ") });
const pages = { home: "/", model: "/models/flight-delay", feature: "/models/flight-delay/features/temp?version=2013-q1&to=2013-08-12T00:00:00Z", category: "/models/flight-delay/features/carrier?version=2013-q1&to=2013-08-12T00:00:00Z", alert: "/alerts/a-temp", accuracy: "/alerts/a-accuracy", report: "/v1/models/flight-delay/report?format=html", docs: "/docs", empty: "/models/churn" };
const only = (process.env.ONLY ?? "").split(",").filter(Boolean);
for (const scheme of ["light", "dark"] as const) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1160, height: 800 }, javaScriptEnabled: true });
  const page = await context.newPage();
  page.on("console", (m) => console.log(scheme, page.url(), m.text()));
  for (const [name, path] of Object.entries(pages)) {
    if (only.length && !only.includes(name)) continue;
    const t = Date.now();
    const res = await page.goto(server.url + path);
    console.log(scheme, name, res?.status(), Date.now() - t, "ms");
    if (res?.status() !== 200) console.log((await res?.text())?.slice(0, 400));
    await page.screenshot({ path: `/work/shared/shots/${name}-${scheme}.png`, fullPage: true });
  }
  await context.close();
}
const phone = await (await browser.newContext({ viewport: { width: 390, height: 800 } })).newPage();
await phone.goto(server.url + "/"); await phone.screenshot({ path: "/work/shared/shots/home-phone.png", fullPage: true });
await browser.close(); await server.close(); await store.close();
}, 200000);
