// JSON as text. The browser's own reader would round large numbers and write 1.0 as 1, and a
// policy sees a fact as the VNFM wrote it.

/** The members of an object, each as it is written; of two with one name the last counts. Null: not an object. */
export function members(text: string): Map<string, string> | null {
  const scan = new Scan(text);
  if (!scan.takes('{')) return null;
  const found = new Map<string, string>();
  while (!scan.takes('}')) {
    const name = JSON.parse(scan.value()) as string;
    scan.takes(':');
    found.set(name, scan.value());
    scan.takes(',');
  }
  return found;
}

/** The items of an array, each as it is written. Null: not an array. */
export function items(text: string): string[] | null {
  const scan = new Scan(text);
  if (!scan.takes('[')) return null;
  const found: string[] = [];
  while (!scan.takes(']')) {
    found.push(scan.value());
    scan.takes(',');
  }
  return found;
}

export function object(of: Iterable<readonly [name: string, value: string]>): string {
  return `{${[...of].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

/** A fact, or each item of a list, reduced to the members that a policy declares. */
export function projected(body: string, declared: readonly string[]): string {
  const list = items(body);
  if (list !== null) return `[${list.map((item) => kept(item, declared)).join(',')}]`;
  return kept(body, declared);
}

function kept(text: string, declared: readonly string[]): string {
  const found = members(text);
  return found === null ? text : object([...found].filter(([name]) => declared.includes(name)));
}

/** The same value in lines, for people. */
export function pretty(text: string, indent = ''): string {
  const deeper = `${indent}  `;
  const lines = (open: string, parts: string[], close: string) =>
    parts.length === 0 ? open + close : `${open}\n${parts.map((part) => deeper + part).join(',\n')}\n${indent}${close}`;
  const list = items(text);
  if (list !== null) return lines('[', list.map((item) => pretty(item, deeper)), ']');
  const found = members(text);
  if (found === null) return text.trim();
  return lines('{', [...found].map(([name, value]) => `${JSON.stringify(name)}: ${pretty(value, deeper)}`), '}');
}

/** Reads JSON that is known to be valid, from left to right. */
class Scan {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Whether this character comes next; it is passed then. */
  takes(character: string): boolean {
    this.space();
    if (this.at < this.text.length && this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  /** The next value. */
  value(): string {
    this.space();
    const start = this.at;
    let depth = 0;
    while (this.at < this.text.length) {
      const character = this.text[this.at] ?? '';
      if (character === '"') this.string();
      else if (depth === 0 && /[,:\]}\s]/.test(character)) break;
      else {
        if (character === '{' || character === '[') depth += 1;
        if (character === '}' || character === ']') depth -= 1;
        this.at += 1;
      }
      if (depth === 0 && /["}\]]/.test(this.text[this.at - 1] ?? '')) break;
    }
    return this.text.slice(start, this.at);
  }

  private string(): void {
    this.at += 1;
    while (this.at < this.text.length && this.text[this.at] !== '"') this.at += this.text[this.at] === '\\' ? 2 : 1;
    this.at += 1;
  }

  private space(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1;
  }
}
