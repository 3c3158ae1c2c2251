import { segment } from "../report/words.ts";

export const modelHref = (model: string): string => `/models/${segment(model)}`;
export const retrainHref = (id: string): string => `/retrains/${segment(id)}`;
export const alertHref = (id: string): string => `/alerts/${segment(id)}`;

/** A feature's page, or that of the prediction, score or label. Names that a path would swallow go as a parameter. */
export function subjectHref(
  model: string,
  subject: { readonly subject: string; readonly feature: string | null },
  query: Readonly<Record<string, string>> = {},
): string {
  const { feature } = subject;
  const swallowed = feature === "" || feature === "." || feature === "..";
  const place = feature === null ? `/outputs/${segment(subject.subject)}` : swallowed ? "/features" : `/features/${segment(feature)}`;
  const params = new URLSearchParams({ ...(swallowed ? { name: feature } : {}), ...query }).toString();
  return `${modelHref(model)}${place}${params === "" ? "" : `?${params}`}`;
}
