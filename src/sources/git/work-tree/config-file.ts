/*
 * git's configuration as its file says it (https://git-scm.com/docs/git-config#_syntax), for the few values that are taken from a
 * repository's own: names, not programs. What it includes is not followed.
 */

export type ConfigEntry = {
  /** `section.name` or `section.subsection.name`, section and name in lower case. */
  readonly key: string;
  readonly value: string;
};

export function* configEntries(text: string): Generator<ConfigEntry, undefined> {
  let section = "";
  // A backslash at a line's end joins it with the next.
  for (const line of text.replace(/\\\r?\n/g, "").split(/\r?\n/)) {
    const [head, name = "", dotted, subsection] =
      /^\s*\[\s*([\w-]+)(\.[^\s\]"]*)?(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/.exec(line) ?? [];
    if (head !== undefined) {
      const below = subsection?.replace(/\\(.)/g, "$1") ?? dotted?.slice(1).toLowerCase();
      section = below === undefined ? name.toLowerCase() : `${name.toLowerCase()}.${below}`;
    }
    const [, key, written] = /^\s*([A-Za-z][\w-]*)\s*(?:=(.*))?$/s.exec(line.slice(head?.length ?? 0)) ?? [];
    // A name alone is true.
    if (key !== undefined) yield { key: `${section}.${key.toLowerCase()}`, value: valueOf(written ?? "true") };
  }
}

/** The last value of a key. */
export function valueIn(text: string, wanted: string): string | undefined {
  return [...configEntries(text)].findLast(({ key }) => key === wanted)?.value;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", b: "\b" };

/** Without comments, quotes and escapes. */
function valueOf(written: string): string {
  let value = "";
  let quoted = false;
  for (const [part] of written.trim().matchAll(/\\.|[^]/g)) {
    if (part === '"') quoted = !quoted;
    else if (!quoted && (part === "#" || part === ";")) break;
    else value += part.length === 2 ? (escapes[part[1] ?? ""] ?? part[1] ?? "") : part;
  }
  return quoted ? value : value.trimEnd();
}
