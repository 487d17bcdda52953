import { LaunchError } from "../core/errors.ts";
import { readPyproject } from "../python/pyproject.ts";
import type { Requirement } from "../python/requirement.ts";
import { includedFiles, readRequirementsFile } from "../python/requirements-file.ts";
import { readUvLock } from "../python/uv-lock.ts";
import { pathInside, type SourceFolder } from "./source-folder.ts";

/** Where a project's dependencies are listed. `needsCode`: they include the project's own folders, so installing them needs all of it. */
export type PythonDependencies = {
  readonly kind: "uv-lock" | "requirements" | "pyproject" | "conda" | "none";
  /** The file that says them, and what it includes; relative to the context. */
  readonly files: readonly string[];
  readonly needsCode: boolean;
  /** Some are fetched by git, which slim images don't have. */
  readonly needsGit: boolean;
  /** Files that also list dependencies and are not used, because an earlier one wins. */
  readonly unused: readonly string[];
};

/**
 * The first of these that a folder has wins, and the others are named as unused: `uv.lock` (with its pyproject.toml),
 * `requirements.txt`, `pyproject.toml` (when it describes a project, not only tools), `requirements.frozen.txt`, `environment.yml`.
 */
export async function pythonDependencies(folder: SourceFolder): Promise<PythonDependencies> {
  const text = await folder.read("pyproject.toml");
  const project = text === undefined ? undefined : readPyproject(text);
  const found = [
    ...(folder.files.has("uv.lock") && project !== undefined ? ["uv.lock"] : []),
    ...(folder.files.has("requirements.txt") ? ["requirements.txt"] : []),
    ...(project?.isProject === true ? ["pyproject.toml"] : []),
    ...["requirements.frozen.txt", "environment.yml", "environment.yaml"].filter((file) => folder.files.has(file)),
  ];
  const [file, ...unused] = found;
  if (file === "uv.lock") {
    const needsGit = readUvLock((await folder.read("uv.lock")) ?? "").some(({ from }) => from === "repository");
    const others = unused.filter((each) => each !== "pyproject.toml");
    return { kind: "uv-lock", files: ["pyproject.toml", "uv.lock"], needsCode: false, needsGit, unused: others };
  }
  if (file === "pyproject.toml") {
    const needsGit = text?.includes("git+") === true;
    return { kind: "pyproject", files: [file], needsCode: project?.mustBeBuilt === true, needsGit, unused };
  }
  if (file?.startsWith("requirements")) return { ...(await requirementFiles(folder, file)), unused };
  const none = { needsCode: false, needsGit: false, unused };
  return file === undefined ? { kind: "none", files: [], ...none } : { kind: "conda", files: [file], ...none };
}

type Requirements = Omit<PythonDependencies, "unused">;

/** A requirements file with all that it includes by -r and -c. */
async function requirementFiles(folder: SourceFolder, path: string): Promise<Requirements> {
  const main = { path, text: (await folder.read(path)) ?? "" };
  const all = [main, ...(await includedFiles(main, (each, by) => readIncluded(folder, each, by)))];
  const requirements = all
    .flatMap(({ text }) => readRequirementsFile(text))
    .flatMap((line) => (line.kind === "requirement" ? [line.requirement] : []));
  return {
    kind: "requirements",
    files: all.map((file) => file.path),
    needsCode: requirements.some(isOfTheSource),
    needsGit: requirements.some(({ from }) => from === "repository"),
  };
}

/** A `file:///…` is of the image. */
function isOfTheSource({ from, target, editable }: Requirement): boolean {
  if (from === "file-url") return editable || target?.startsWith("file:///") !== true;
  return from === "path" || (editable && from !== "repository");
}

async function readIncluded(
  folder: SourceFolder,
  joined: string,
  { file, written }: { readonly file: string; readonly written: string },
): Promise<string> {
  const path = pathInside(joined);
  if (path === undefined) {
    throw new LaunchError(
      "build-failed",
      `${file} includes "${written}", which is outside of the build context; move it inside, or add a Dockerfile`,
    );
  }
  const text = await folder.read(path);
  if (text === undefined) {
    throw new LaunchError("build-failed", `${file} includes "${written}", and the source has no such file`);
  }
  if (!/^[\w./+-]+$/.test(path)) {
    throw new LaunchError(
      "build-failed",
      `${file} includes "${written}"; its name may have letters, digits and . _ + - / only`,
    );
  }
  return text;
}
