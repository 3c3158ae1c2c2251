import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export type ReceivedRequest = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};
type Answer = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | "hang";

export type WebhookReceiver = {
  url: string;
  requests: ReceivedRequest[];
  answerWith: (answer: Answer | ((request: ReceivedRequest) => Answer)) => void;
  /** How long each answer takes. */
  delayBy: (delay: () => number) => void;
  /** Requests that wait for their answer now. */
  open: () => number;
  stop: () => Promise<void>;
};

/** A real HTTP receiver on loopback that keeps what it gets and answers as told (200 unless told otherwise). */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const requests: ReceivedRequest[] = [];
  let answer: (request: ReceivedRequest) => Answer = () => ({ status: 200 });
  let delay = () => 0;
  let open = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const received = {
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(received);
      const given = answer(received);
      if (given === "hang") return;
      const say = () => {
        open -= 1;
        response.writeHead(given.status, given.headers).end("noted");
      };
      open += 1;
      const wait = delay();
      if (wait === 0) say();
      else setTimeout(say, wait);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    requests,
    answerWith(given) {
      answer = typeof given === "function" ? given : () => given;
    },
    delayBy(given) {
      delay = given;
    },
    open: () => open,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
