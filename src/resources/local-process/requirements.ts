import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isFileMissing } from "../../core/errors.ts";
import type { Requirements } from "../../python/packages.ts";
import { includedFiles, type RequirementFile } from "../../python/requirements-file.ts";

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
      const beside = project === undefined ? [] : [{ path: "pyproject.toml", text: project, isConstraint: false }];
      return { kind: path, main, included: beside };
    }
    if (path === "pyproject.toml") return { kind: path, main, included: [] };
    return { kind: "requirements", main, included: await includedBy(directory, main) };
  }
  return undefined;
}

/** Files of the source that `-r` and `-c` name; a path that leaves the source is uv's or pip's to judge. */
function includedBy(directory: string, main: RequirementFile): Promise<Requirements["included"]> {
  let read = 0;
  return includedFiles(main, async (path) => {
    if (path.startsWith("..") || read >= maxIncluded) return undefined;
    read++;
    return readText(directory, path);
  });
}

async function readText(directory: string, path: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, path), "utf8");
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}
