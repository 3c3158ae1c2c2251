export type Element = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
};

const TOKEN = /<!--[^]*?-->|<(\/?)([\w.]+)((?:\s+[\w.]+="[^"<&]*")*)\s*(\/?)>|([^<]+)/y;

/** The root element of a document of elements, attributes and text. Throws where it is not well-formed, or uses more. */
export function readXml(source: string): Element {
  type Open = { name: string; attributes: Record<string, string>; children: Element[]; text: string };
  const top: Open = { name: "", attributes: {}, children: [], text: "" };
  const open: Open[] = [top];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    const current = open.at(-1);
    if (!match || !current) throw new Error(`not well-formed XML near: ${source.slice(at, at + 60)}`);
    const [, closes, name, attributes = "", isEmpty, text] = match;
    if (text !== undefined) current.text += text.trim();
    else if (name !== undefined && closes) {
      if (current.name !== name || open.length === 1) throw new Error(`</${name}> closes <${current.name}>`);
      open.pop();
    } else if (name !== undefined) {
      const pairs = [...attributes.matchAll(/([\w.]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]);
      const element: Open = { name, attributes: Object.fromEntries(pairs) as Record<string, string>, children: [], text: "" };
      current.children.push(element);
      if (!isEmpty) open.push(element);
    }
  }
  const [root, ...others] = top.children;
  if (open.length !== 1 || !root || others.length > 0) throw new Error("not well-formed XML: not one root element that is closed");
  return root;
}

/** Elements as the mapping they stand for: an element without children is its text, or its attributes where it has any. */
export function toMapping(element: Element): unknown {
  if (element.children.length === 0) return Object.keys(element.attributes).length > 0 ? element.attributes : element.text;
  const mapping: Record<string, unknown> = {};
  for (const child of element.children) {
    const before = mapping[child.name];
    const value = toMapping(child);
    mapping[child.name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return mapping;
}
