import { readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { isFileMissing } from "../../core/errors.ts";

/** One package that a requirement file asks for. */
export type Requirement = {
  readonly name: string;
  /** `==1.2`, `>=1,<2`; "" for any version. */
  readonly specifier: string;
  /** False for what may rightly be absent here: it has a marker, or is something that another package needs. */
  readonly expected: boolean;
};

export type RequirementFile = { readonly path: string; readonly text: string };

/** The file that says what a Python project needs, and those that it includes. */
export type Requirements = {
  readonly kind: "uv.lock" | "pyproject.toml" | "requirements";
  readonly main: RequirementFile;
  readonly included: readonly RequirementFile[];
};

/** The first that is there counts, in the order in which an image would be built from them. */
const candidates = ["uv.lock", "requirements.txt", "pyproject.toml", "requirements.frozen.txt"] as const;
const maxIncluded = 20;

/** What the directory's own files ask for; undefined when none of them is there. */
export async function readRequirements(directory: string): Promise<Requirements | undefined> {
  for (const path of candidates) {
    const text = await readText(directory, path);
    if (text === undefined) continue;
    const main = { path, text };
    if (path === "uv.lock") {
      const project = await readText(directory, "pyproject.toml");
      return { kind: path, main, included: project === undefined ? [] : [{ path: "pyproject.toml", text: project }] };
    }
    if (path === "pyproject.toml") return { kind: path, main, included: [] };
    return { kind: "requirements", main, included: await includedBy(directory, main) };
  }
  return undefined;
}

/** The packages that these files ask for, by the name under which Python knows them. */
export function packagesOf(requirements: Requirements): readonly Requirement[] {
  const { kind, main, included } = requirements;
  if (kind === "uv.lock") return fromLock(main.text);
  if (kind === "pyproject.toml") return projectDependencies(main.text).flatMap(parseRequirement);
  return [main, ...included]
    .filter(({ path }) => !constraintsOf(main.text).includes(path))
    .flatMap(({ text }) => requirementLines(text).flatMap(parseRequirement));
}

/** The lines of a requirements file, without comments, with continued lines joined. */
export function requirementLines(text: string): readonly string[] {
  return text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}

async function readText(directory: string, path: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, path), "utf8");
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}

const inclusion = /^(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)$/;

function constraintsOf(text: string): readonly string[] {
  return requirementLines(text)
    .filter((line) => /^(?:-c|--constraint)/.test(line))
    .map((line) => normalize(inclusion.exec(line)?.[1] ?? ""));
}

/** Files of the source that `-r` and `-c` name, each once; a path that leaves the source is uv's or pip's to judge. */
async function includedBy(directory: string, main: RequirementFile): Promise<readonly RequirementFile[]> {
  const found = new Map<string, RequirementFile>([[main.path, main]]);
  for (const file of found.values()) {
    for (const line of requirementLines(file.text)) {
      const target = inclusion.exec(line)?.[1];
      if (target === undefined || target.includes("://")) continue;
      const path = normalize(join(dirname(file.path), target));
      if (path.startsWith("..") || found.has(path) || found.size > maxIncluded) continue;
      const text = await readText(directory, path);
      if (text !== undefined) found.set(path, { path, text });
    }
  }
  return [...found.values()].slice(1);
}

function parseRequirement(line: string): readonly Requirement[] {
  const match = /^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(@.*?|[^;]*?)(?:\s--.*?)?\s*(;.*)?$/.exec(line);
  const [, name, specifier = "", marker] = match ?? [];
  if (name === undefined) return [];
  return [
    {
      name,
      specifier: specifier.startsWith("@") ? "" : specifier.replace(/[()]/g, "").trim(),
      expected: marker === undefined,
    },
  ];
}

/** `[project] dependencies` of a pyproject.toml, which is an array of plain strings. */
function projectDependencies(text: string): readonly string[] {
  const project = /^\[project\]\s*$([\s\S]*?)(?=^\[|(?![\s\S]))/m.exec(text)?.[1] ?? "";
  const array = /^dependencies\s*=\s*\[((?:\s|,|#[^\n]*|"[^"\n]*"|'[^'\n]*')*)\]/m.exec(project)?.[1] ?? "";
  const strings = [...array.matchAll(/#[^\n]*|"([^"\n]*)"|'([^'\n]*)'/g)];
  return strings.flatMap(([, double, single]) => double ?? single ?? []);
}

/** uv writes its lock by machine: one key a line, arrays of one-line tables. */
function fromLock(text: string): readonly Requirement[] {
  const blocks = text
    .split(/^\[\[package\]\]\s*$/m)
    .slice(1)
    .map((block) => ({
      block,
      name: /^name = "([^"]+)"/m.exec(block)?.[1] ?? "",
      version: /^version = "([^"]+)"/m.exec(block)?.[1],
      own: /^source = \{ (?:virtual|editable|directory) = /m.test(block),
    }));
  const direct = new Set<string>();
  for (const { block } of blocks.filter(({ own }) => own)) {
    const dependencies = /^dependencies = \[([\s\S]*?)^\]/m.exec(block)?.[1] ?? "";
    for (const [, name, rest] of dependencies.matchAll(/\{ name = "([^"]+)"([^}]*)\}/g)) {
      if (name !== undefined && rest?.includes("marker") === false) direct.add(name);
    }
  }
  return blocks
    .filter(({ own, version }) => !own && version !== undefined)
    .map(({ name, version = "" }) => ({ name, specifier: `==${version}`, expected: direct.has(name) }));
}
