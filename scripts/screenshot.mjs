// Takes the pictures of the documents from a running demo: node scripts/screenshot.mjs http://127.0.0.1:8080
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const base = process.argv[2] ?? "http://127.0.0.1:8080";
const images = fileURLToPath(new URL("../docs/images/", import.meta.url));
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
const { items } = await (await fetch(`${base}/v1/alerts?limit=100`)).json();
const unit = items.find((alert) => alert.rule === "out-of-range" && alert.version === "2013-h1");

await page.goto(`${base}/models/flight-delay?version=2013-h1`);
const drift = await page.locator("h2", { hasText: "Drift of" }).boundingBox();
const versions = await page.locator("h2", { hasText: "Versions and volume" }).boundingBox();
if (drift && versions)
  await page.screenshot({
    path: `${images}model.png`,
    fullPage: true,
    clip: { x: 60, y: drift.y - 16, width: 1080, height: versions.y - drift.y },
  });
if (unit) {
  await page.goto(`${base}/alerts/${unit.id}`);
  await page.screenshot({ path: `${images}alert.png` });
}
await browser.close();
