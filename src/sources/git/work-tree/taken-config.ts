import { homedir } from "node:os";
import { resolve } from "node:path";
import { systemCode } from "../../../core/errors.ts";
import { repositoryText } from "../repository-text.ts";
import type { ConfigEntry } from "./config-file.ts";

/* What is taken of a repository's own configuration: how files and index are compared and stored, and where its remotes are. */

const core: ReadonlySet<string> = new Set([
  ...["autocrlf", "eol", "safecrlf", "filemode", "symlinks", "ignorecase", "precomposeunicode", "protecthfs"],
  ...["protectntfs", "trustctime", "checkstat", "sparsecheckout", "sparsecheckoutcone", "checkroundtripencoding"],
  "bigfilethreshold",
]);
const extensions: ReadonlySet<string> = new Set(["objectformat", "refstorage"]);
const ofRemotes = /^(?:remote\..*\.url|branch\..*\.remote|url\..*\.insteadof)$/s;

/** Without includes: a file that one names is anybody's. `excludes` is the file that says what is not tracked, where one is named. */
export function configText(entries: readonly ConfigEntry[], excludes: string | undefined): string {
  return [
    ...["[core]", ...linesOf(entries, "core", core), "\trepositoryFormatVersion = 1", "\tbare = false"],
    ...(excludes === undefined ? [] : [`\texcludesFile = ${quoted(excludes)}`]),
    ...["[extensions]", ...linesOf(entries, "extensions", extensions)],
    ...entries.filter(({ key }) => ofRemotes.test(key)).map(withSection),
    "",
  ].join("\n");
}

function linesOf(entries: readonly ConfigEntry[], section: string, names: ReadonlySet<string>): readonly string[] {
  return entries.flatMap(({ key, value }) => {
    const name = key.startsWith(`${section}.`) ? key.slice(section.length + 1) : "";
    return names.has(name) ? [`\t${name} = ${quoted(value)}`] : [];
  });
}

function withSection({ key, value }: ConfigEntry): string {
  const [first, last] = [key.indexOf("."), key.lastIndexOf(".")];
  return `[${key.slice(0, first)} ${quoted(key.slice(first + 1, last))}]\n\t${key.slice(last + 1)} = ${quoted(value)}`;
}

function quoted(value: string): string {
  return `"${value.replace(/[\n\t\b\0]/g, " ").replace(/["\\]/g, String.raw`\$&`)}"`;
}

/** Which remotes hold what a partial clone left out, as `git config -z` would list them. git itself isn't told: it would ask there. */
export function promisorsIn(entries: readonly ConfigEntry[]): string {
  const found = entries.filter(({ key }) => /^remote\..*\.promisor$/s.test(key));
  return found.map(({ key, value }) => `${key}\n${value}\0`).join("");
}

/** The patterns of `core.excludesFile`, read by us: what a foreign repository names so may be a pipe. Undefined when it names none. */
export async function excludesOf(entries: readonly ConfigEntry[], toplevel: string): Promise<string | undefined> {
  const named = entries.findLast(({ key }) => key === "core.excludesfile")?.value;
  if (named === undefined) return undefined;
  if (named === "") return "";
  try {
    return (await repositoryText(resolve(toplevel, named.replace(/^~(?=\/)/, homedir())))) ?? "";
  } catch (error) {
    if (["EACCES", "EPERM"].includes(systemCode(error) ?? "")) return "";
    throw error;
  }
}
