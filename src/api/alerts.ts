import * as z from "zod";
import { alertPlace, readAlertPage } from "../store/alert-pages.ts";
import { readDeliveries } from "../store/deliveries.ts";
import { alert, alertInFull, deliveryJson, transitionJson } from "./alert-json.ts";
import { pageOf, pageOfWhole, readCursor } from "./cursor.ts";
import type { ApiDependencies } from "./dependencies.ts";
import { page } from "./json.ts";
import { oneOf, pageSize, paging, text } from "./parameters.ts";
import { route, type Route } from "./route.ts";
import { rule, ruleJson } from "./rule-json.ts";
import { alertNamed, alertsJson } from "./shown-alerts.ts";

const PLACE = z.tuple([z.int(), z.string()]);

export function alertRoutes(dependencies: Pick<ApiDependencies, "store" | "rules" | "clock">): Route[] {
  const { store, rules } = dependencies;
  return [
    route({
      method: "GET",
      path: "/v1/alerts",
      tag: "Alerts",
      summary: "Alerts that fired, the one that changed last first.",
      scope: "read",
      query: {
        model: text("A model's name.").optional(),
        state: oneOf(["firing", "recovering", "resolved"], "Only alerts in this state.").optional(),
        ...paging,
      },
      answers: { "application/json": page(alert) },
      handle: async ({ query }) => {
        const size = pageSize(query.limit);
        const found = await readAlertPage(
          store,
          { model: query.model, state: query.state },
          size + 1,
          readCursor("alerts", query.cursor, PLACE),
        );
        const shown = new Map((await alertsJson(dependencies, found)).map((one) => [one.id, one]));
        return pageOf("alerts", found, size, alertPlace, ({ id }) => shown.get(id));
      },
    }),
    route({
      method: "GET",
      path: "/v1/alerts/{id}",
      tag: "Alerts",
      summary: "One alert, with its changes of state and who was told.",
      scope: "read",
      query: {},
      answers: { "application/json": alertInFull },
      problems: [404],
      handle: async ({ path }) => {
        const found = await alertNamed(store, path.id ?? "");
        const deliveries = await readDeliveries(store, {
          transitionIds: found.transitions.map((transition) => transition.id),
          limit: 1_000,
        });
        const [shown] = await alertsJson(dependencies, [found.alert]);
        return { ...shown, transitions: found.transitions.map(transitionJson), deliveries: deliveries.map(deliveryJson) };
      },
    }),
    route({
      method: "GET",
      path: "/v1/rules",
      tag: "Alerts",
      summary: "The rules alerts come from.",
      scope: "read",
      query: { ...paging },
      answers: { "application/json": page(rule) },
      handle: ({ query }) => pageOfWhole("rules", rules, pageSize(query.limit), query.cursor, ruleJson),
    }),
  ];
}
