/** The names a rule's own words may hold in braces, as in `{{model}}`. */
export const TEMPLATE_NAMES = [
  "rule",
  "model",
  "version",
  "segment",
  "subject",
  "metric",
  "baseline",
  "state",
  "severity",
  "value",
  "expected",
  "p_value",
  "rows",
  "since",
  "from",
  "to",
  "summary",
] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];
export type TemplateValues = Readonly<Record<TemplateName, string>>;

/** A name in its place. */
export const TEMPLATE_PLACE = /\{\{\s*(\w+)\s*\}\}/g;

export function isTemplateName(name: string): name is TemplateName {
  return (TEMPLATE_NAMES as readonly string[]).includes(name);
}

/** The names in a template that there are none of. */
export function unknownNames(template: string): string[] {
  return [...template.matchAll(TEMPLATE_PLACE)].map(([, name = ""]) => name).filter((name) => !isTemplateName(name));
}
