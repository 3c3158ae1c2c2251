import { chromium } from "playwright-core";
import { expect, it } from "vitest";
import { barsPicture } from "../../src/notify/picture.ts";

/** Runs in the page: how large the picture is, and how far grey and red reach from the left on the lines of each pair. */
const READ = `(async () => {
  const [image] = document.images;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const reach = (y, red, green) => {
    const { data } = context.getImageData(0, y, canvas.width, 1);
    return Array.from({ length: canvas.width }, (_, x) => data[4 * x] === red && data[4 * x + 1] === green).filter(Boolean).length;
  };
  const pairs = [0, 1, 2].map((pair) => [reach(48 * pair + 12, 0x9a, 0xa5), reach(48 * pair + 30, 0xc6, 0x28)]);
  return { width: canvas.width, height: canvas.height, pairs };
})()`;

it("a picture is drawn by a browser as it was meant: before in grey, after in red, in proportion", async () => {
  const picture = barsPicture([
    { reference: 0.1, current: 0.4 },
    { reference: 0.2, current: 0 },
    { reference: 0.000_01, current: 0.05 },
  ]);
  expect(picture.length).toBeLessThan(1_000);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.setContent(`<img src="data:image/png;base64,${picture.toString("base64")}">`);
    const drawn = await page.evaluate(READ);
    expect(drawn).toEqual({
      width: 400,
      height: 144,
      pairs: [
        [100, 400],
        [200, 0],
        [2, 50],
      ],
    });
  } finally {
    await browser.close();
  }
}, 60_000);
