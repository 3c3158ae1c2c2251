// A scoring service that tells driftwatch what it was asked, what it answered, and later what was true.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
// In a service of your own: `import … from "@driftwatch/events"`.
import { label, prediction } from "../producer-typescript/lib/events.js";
import { openSender } from "./sender.js";

const MODEL = "loans";
const VERSION = "2";
const sender = await openSender(process.env);

/** The model: the odds that a loan is not paid back, by a formula somebody once fitted. */
function score({ amount, income, age, employment }) {
  const odds = -2.2 + 0.9 * (amount / income) - 0.02 * (age - 40) + (employment === "none" ? 1.1 : 0);
  return 1 / (1 + Math.exp(-odds));
}

const routes = {
  "POST /score": async (request) => {
    const started = performance.now();
    const { id = randomUUID(), features = {} } = await json(request);
    const risk = score(features);
    const answer = risk > 0.5 ? "default" : "paid";
    sender.offer(() =>
      prediction(
        {
          id,
          model: MODEL,
          version: VERSION,
          time: Date.now(),
          features,
          prediction: answer,
          score: risk,
          latency_ms: performance.now() - started,
        },
        { task: "binary" },
      ),
    );
    return [200, { id, prediction: answer, score: risk }];
  },
  "POST /truth": async (request) => {
    const { id, label: truth } = await json(request);
    sender.offer(() => label({ id, model: MODEL, label: truth, time: Date.now() }, { task: "binary" }));
    return [202, {}];
  },
  "GET /events": async () => [200, sender.counts()],
};

const server = createServer((request, response) => {
  const respond = ([status, body]) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const route =
    routes[`${request.method} ${request.url}`] ?? (async () => [404, { error: "There are POST /score, POST /truth, GET /events." }]);
  route(request).then(respond, (error) => respond([error instanceof SyntaxError ? 400 : 500, { error: error.message }]));
});

server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => console.log(`scoring at http://127.0.0.1:${server.address().port}`));

function stop() {
  server.close();
  void sender.close().then(() => process.exit());
}
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
