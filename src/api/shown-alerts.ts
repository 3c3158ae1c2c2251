import { silenceOf } from "../model/silence.ts";
import { readAlert } from "../store/alert-pages.ts";
import type { Alert } from "../store/alerts.ts";
import { readAcknowledgements, readSilences } from "../store/silences.ts";
import type { Store } from "../store/store.ts";
import { alertJson } from "./alert-json.ts";
import type { ApiDependencies } from "./dependencies.ts";
import { Problem, quoted } from "./problem.ts";

/** An alert and its changes of state; a problem where there is none of that id. */
export async function alertNamed(store: Store, id: string): Promise<NonNullable<Awaited<ReturnType<typeof readAlert>>>> {
  const found = await readAlert(store, id);
  if (found) return found;
  throw new Problem(404, `There is no alert ${quoted(id)}.`, "`driftwatch alerts`, or GET /v1/alerts, shows those there are.");
}

/** Alerts as the API shows them, with who has taken them up and who has silenced them. */
export async function alertsJson({ store, clock }: Pick<ApiDependencies, "store" | "clock">, alerts: readonly Alert[]) {
  const acknowledged = await readAcknowledgements(
    store,
    alerts.map(({ id }) => id),
  );
  const now = clock();
  const silences = await readSilences(store, { endingAfter: now });
  return alerts.map((one) =>
    alertJson(one, { acknowledgedBy: acknowledged.get(one.id)?.by ?? null, silencedBy: silenceOf(silences, one, now)?.by ?? null }),
  );
}
