/** One thing that is to be installed: a line of a requirements file, or an item of `[project] dependencies` (PEP 508). */
export type Requirement = {
  /** Undefined for a path or an address without one. */
  readonly name: string | undefined;
  /** `==1.2`, `>=1,<2`; "" for any version, and for what comes from no index. */
  readonly specifier: string;
  /** `python_version < "3.9"`: where it is wanted. */
  readonly marker: string | undefined;
  readonly from: "index" | "repository" | "network" | "file-url" | "path";
  /** The path or address that it comes from. */
  readonly target: string | undefined;
  readonly editable: boolean;
};

const named = /^(?<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?<rest>.*)$/s;
const isPlace = /^(?:[./~]|\S*\/|file:)/;
const archive = /\.(?:whl|zip|tar\.(?:gz|bz2|xz)|tgz)$/i;

/** Undefined for a text that is neither a name with its versions nor a path or an address. */
export function parseRequirement(text: string): Requirement | undefined {
  const { name, rest } = named.exec(text)?.groups ?? {};
  if (name !== undefined && rest?.startsWith("@") === true) return { ...placeOf(rest.slice(1)), name };
  const [versions, marker] = splitOnce(rest ?? "", ";");
  const isNamed = name !== undefined && !archive.test(text) && /^(?:$|[(<>=!~])/.test(versions);
  if (isNamed) {
    const specifier = versions.replace(/[()]/g, "").trim();
    return { name, specifier, marker, from: "index", target: undefined, editable: false };
  }
  return isPlace.test(text) || archive.test(text) ? { ...placeOf(text), name: undefined } : undefined;
}

/** What a path or an address is, with the marker after it: a `;` belongs to an address unless a space is before it. */
export function placeOf(text: string): Omit<Requirement, "name"> {
  const [target, marker] = splitOnce(text, /\s;/);
  const from = target.startsWith("git+")
    ? "repository"
    : target.startsWith("file:")
      ? "file-url"
      : /^[a-z][\w+.-]*:\/\//i.test(target)
        ? "network"
        : "path";
  return { specifier: "", marker, from, target, editable: false };
}

function splitOnce(text: string, separator: string | RegExp): readonly [string, string | undefined] {
  const [before = "", ...after] = text.split(separator);
  return [before.trim(), after.length === 0 ? undefined : after.join(";").trim()];
}
