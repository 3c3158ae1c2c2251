export type Family = { readonly type: string; readonly help: string; readonly samples: Sample[] };
export type Sample = { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number };

const ESCAPED: Readonly<Record<string, string>> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };
const unescape = (text: string) => text.replace(/\\[n"\\]/g, (found) => ESCAPED[found] ?? found);

/** The text format of Prometheus, read strictly: what is no line of it throws. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: { name: string; help: string } | null = null;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{((?:\w+="(?:[^"\\\n]|\\[n"\\])*",?)*)\})? (\S+)$/.exec(line);
    if (help) current = { name: help[1] ?? "", help: unescape(help[2] ?? "") };
    else if (type && current && type[1] === current.name) {
      if (families.has(current.name)) throw new Error(`${current.name} comes twice.`);
      families.set(current.name, { type: type[2] ?? "", help: current.help, samples: [] });
    } else if (sample && current && sample[1]?.startsWith(current.name)) {
      const labels = [...(sample[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      families.get(current.name)?.samples.push({
        name: sample[1],
        labels: Object.fromEntries(labels.map(([, name = "", value = ""]) => [name, unescape(value)])),
        value: sample[3] === "+Inf" ? Infinity : Number(sample[3]),
      });
    } else throw new Error(`This is no line of the format: ${line}`);
  }
  return families;
}

/** The value of a sample; null when there is none. */
export function valueOf(families: ReadonlyMap<string, Family>, name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  const found = [...families.values()]
    .flatMap((family) => family.samples)
    .filter((sample) => sample.name === name && sameLabels(sample.labels, labels));
  if (found.length > 1) throw new Error(`${name} ${JSON.stringify(labels)} comes ${found.length} times.`);
  return found[0]?.value ?? null;
}

/** The samples of one metric by their labels' values, joined by a space, those at 0 left out. */
export function byLabels(families: ReadonlyMap<string, Family>, name: string): Record<string, number> {
  const samples = families.get(name)?.samples ?? [];
  return Object.fromEntries(
    samples.filter(({ value }) => value !== 0).map(({ labels, value }) => [Object.values(labels).join(" "), value]),
  );
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, value]) => b[name] === value);
}
