import type { Log } from "../log.ts";
import type { Call } from "../model/call.ts";
import type { HeartbeatSettings } from "../model/settings.ts";

export type Heartbeat = {
  /** One beat, unless there is a reason against it; says whether it arrived. */
  beat(): Promise<boolean>;
  start(): void;
  stop(): Promise<void>;
};

/**
 * A dead-man's switch: an address outside that is called as long as this program does its work. Whoever listens there
 * (healthchecks.io, Dead Man's Snitch, a Watchdog receiver) raises the alarm when the calls stop, which no program can
 * do about its own death.
 */
export function createHeartbeat(options: {
  settings: HeartbeatSettings;
  call: Call;
  /** Why it does not do its work; nothing when it does. */
  whyNot: () => readonly string[];
  log: Log;
}): Heartbeat {
  const { settings, call, whyNot, log } = options;
  let timer: NodeJS.Timeout | null = null;
  let current: Promise<unknown> = Promise.resolve();

  async function beat(): Promise<boolean> {
    const reasons = whyNot();
    if (reasons.length > 0) {
      log.warn("the heartbeat is withheld: this program does not do its work", { reasons: reasons.join(" ") });
      return false;
    }
    const result = await call({ url: settings.url, method: "POST" });
    if (result.kind === "answer" && result.status >= 200 && result.status < 300) return true;
    log.warn("the heartbeat did not arrive", { detail: result.kind === "answer" ? `HTTP ${result.status}` : result.detail });
    return false;
  }

  return {
    beat,
    start() {
      if (timer !== null) return;
      timer = setInterval(() => void (current = beat()), settings.every);
    },
    async stop() {
      if (timer !== null) clearInterval(timer);
      timer = null;
      await current;
    },
  };
}
