import type { Notifier } from "../model/alert.ts";
import { MINUTE, type Millis } from "../model/time.ts";
import { readLastTold } from "../store/deliveries.ts";
import { readFiring } from "../store/firing.ts";
import type { TellingTools } from "./telling-tools.ts";

/** How often receivers that forget are told again of what fires. */
const EVERY: Millis = MINUTE;

export type Refresh = {
  /** Tells each channel what fires, of what it was told of before; counts the tellings that arrived. */
  refresh(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
};

/**
 * Keeps what fires alive in receivers that forget what is not sent again, such as Alertmanager. These tellings are no
 * news: they are not recorded, and one that does not arrive is made good by the next.
 */
export function createRefresh({ store, channels, clock, log, link }: TellingTools): Refresh {
  const busy = new Map<string, Promise<number>>();
  let timer: NodeJS.Timeout | null = null;

  async function refreshChannel(channel: string, notify: Notifier): Promise<number> {
    const firing = (await readFiring(store)).filter((transition) => transition.notify.includes(channel));
    const told = (
      await readLastTold(
        store,
        firing.map(({ id }) => id),
      )
    ).get(channel);
    const known = firing.filter(({ id }) => told?.has(id));
    let sent = 0;
    for (const model of new Set(known.map(({ key }) => key.model))) {
      const transitions = known.filter(({ key }) => key.model === model);
      const outcome = await notify({
        id: `refresh-${model}`,
        channel,
        model,
        reason: "reminder",
        transitions,
        firing: transitions,
        acknowledged: new Map(),
        note: null,
        link: link(model),
        at: clock(),
      });
      if (outcome.outcome === "sent") sent += 1;
      else log.warn("what fires could not be told again", { channel, model, detail: outcome.detail });
    }
    return sent;
  }

  async function refresh(): Promise<number> {
    const idle = [...channels].filter(([channel]) => !busy.has(channel));
    const counts = await Promise.all(
      idle.map(([channel, notify]) => {
        const pass = refreshChannel(channel, notify)
          .catch((error: unknown) => {
            log.warn("what fires could not be told again", { channel, error: error instanceof Error ? error.name : "unknown" });
            return 0;
          })
          .finally(() => busy.delete(channel));
        busy.set(channel, pass);
        return pass;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  return {
    refresh,
    start() {
      if (timer !== null || channels.size === 0) return;
      timer = setInterval(() => void refresh(), EVERY);
      void refresh();
    },
    async stop() {
      if (timer !== null) clearInterval(timer);
      timer = null;
      await Promise.allSettled(busy.values());
    },
  };
}
