import { isTemplateName, TEMPLATE_PLACE, type TemplateName, type TemplateValues } from "../model/template.ts";
import { printable } from "./words.ts";

const LONGEST = 2_000;

/** A template with its values in place. What stands in events is put in as text, once: braces in it mean nothing. */
export function fillTemplate(template: string, values: TemplateValues): string {
  const filled = fill(template, (name) => printable(values[name], name === "summary" ? LONGEST : 200));
  return printable(filled, LONGEST);
}

/** An address with its values in place, each as one part of it. */
export function fillUrl(template: string, values: TemplateValues): string {
  return fill(template, (name) => encodeURIComponent(printable(values[name], 200)));
}

function fill(template: string, valueOf: (name: TemplateName) => string): string {
  return template.replaceAll(TEMPLATE_PLACE, (whole, name: string) => (isTemplateName(name) ? valueOf(name) : whole));
}
