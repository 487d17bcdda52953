import { posix } from "node:path";
import { parseRequirement, placeOf, type Requirement } from "./requirement.ts";

/*
 * pip's requirements file format, as pip reads it: a line that ends with a backslash goes on in the next one, a `#` at a line's start or
 * after a space starts a comment, and what follows a requirement's first word with a dash is options.
 */

export type RequirementsLine =
  | { readonly kind: "requirement"; readonly text: string; readonly requirement: Requirement }
  /** `-r` and `-c`: another file. */
  | { readonly kind: "file"; readonly path: string; readonly isConstraint: boolean }
  /** An option of pip's, or what pip may make something of. */
  | { readonly kind: "other"; readonly text: string };

export type RequirementFile = { readonly path: string; readonly text: string };
export type IncludedFile = RequirementFile & { readonly isConstraint: boolean };

export function readRequirementsFile(text: string): readonly RequirementsLine[] {
  return logicalLines(text).map(readLine);
}

/** Lines without comments, continued ones joined, none of them empty. */
export function logicalLines(text: string): readonly string[] {
  const lines: string[] = [];
  let open = "";
  for (const line of text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/)) {
    const isComment = /^\s*#/.test(line);
    if (line.endsWith("\\") && !isComment) {
      open += line.slice(0, -1);
    } else {
      lines.push(isComment ? open : open + line);
      open = "";
    }
  }
  return [...lines, open].map((line) => line.replace(/(?:^|\s)#.*$/, "").trim()).filter((line) => line !== "");
}

const inclusion =
  /^(?:-(?<short>[rc])\s*=?|--(?<long>requirement|constraint)(?:\s|=))\s*(?<quote>["']?)(?<path>\S+)\k<quote>$/;
const editable = /^(?:-e|--editable)(?:\s|=)\s*(?<target>.+)$/;

function readLine(text: string): RequirementsLine {
  const { short, long, path } = inclusion.exec(text)?.groups ?? {};
  if (path !== undefined) return { kind: "file", path, isConstraint: (short ?? long)?.startsWith("c") === true };
  const target = editable.exec(text)?.groups?.["target"];
  if (target !== undefined) {
    return { kind: "requirement", text, requirement: { ...placeOf(target), name: undefined, editable: true } };
  }
  const requirement = text.startsWith("-") ? undefined : parseRequirement(text.replace(/\s-.*$/, ""));
  return requirement === undefined ? { kind: "other", text } : { kind: "requirement", text, requirement };
}

/**
 * The files that a requirements file includes, and those that these include, each once; addresses are left to pip. `read` gets a path as
 * `main.path` is one, and who names it by which words; what it has no text for is left out.
 */
export async function includedFiles(
  main: RequirementFile,
  read: (path: string, by: { readonly file: string; readonly written: string }) => Promise<string | undefined>,
): Promise<readonly IncludedFile[]> {
  const found = new Map<string, IncludedFile>([[main.path, { ...main, isConstraint: false }]]);
  // It grows while it is walked: an included file's own includes come after it.
  for (const file of found.values()) {
    for (const line of readRequirementsFile(file.text)) {
      if (line.kind !== "file" || line.path.includes("://")) continue;
      const path = posix.join(posix.dirname(file.path), line.path);
      const isConstraint = file.isConstraint || line.isConstraint;
      const known = found.get(path);
      if (known?.isConstraint === true && !isConstraint) found.set(path, { ...known, isConstraint });
      if (known !== undefined) continue;
      const text = await read(path, { file: file.path, written: line.path });
      if (text !== undefined) found.set(path, { path, text, isConstraint });
    }
  }
  return [...found.values()].slice(1);
}
