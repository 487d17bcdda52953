import { posix } from "node:path";
import { LaunchError } from "../core/errors.ts";
import { pathInside, type SourceFolder } from "./source-folder.ts";
import { tomlListHas, tomlTable } from "./toml.ts";

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
  const project = await folder.read("pyproject.toml");
  const isProject = project !== undefined && describesProject(project);
  const found = [
    ...(folder.files.has("uv.lock") && project !== undefined ? ["uv.lock"] : []),
    ...(folder.files.has("requirements.txt") ? ["requirements.txt"] : []),
    ...(isProject ? ["pyproject.toml"] : []),
    ...["requirements.frozen.txt", "environment.yml", "environment.yaml"].filter((file) => folder.files.has(file)),
  ];
  const [file, ...unused] = found;
  if (file === "uv.lock") {
    const git = /\bgit\s*=\s*"/.test((await folder.read("uv.lock")) ?? "");
    const others = unused.filter((each) => each !== "pyproject.toml");
    const files = ["pyproject.toml", "uv.lock"];
    return { kind: "uv-lock", files, needsCode: false, needsGit: git, unused: others };
  }
  if (file === "pyproject.toml") {
    const text = project ?? "";
    return { kind: "pyproject", files: [file], needsCode: mustBeBuilt(text), needsGit: text.includes("git+"), unused };
  }
  if (file?.startsWith("requirements")) return { ...(await requirementFiles(folder, file)), unused };
  const none = { needsCode: false, needsGit: false, unused };
  return file === undefined ? { kind: "none", files: [], ...none } : { kind: "conda", files: [file], ...none };
}

function describesProject(text: string): boolean {
  return tomlTable(text, "project") !== undefined || tomlTable(text, "tool.poetry") !== undefined;
}

/** Whether only the project's build backend knows its dependencies. */
function mustBeBuilt(text: string): boolean {
  return tomlTable(text, "project") === undefined || tomlListHas(text, "project", "dynamic", "dependencies");
}

type Requirements = Omit<PythonDependencies, "unused">;

/** A requirements file with all that it includes by -r and -c. */
async function requirementFiles(folder: SourceFolder, first: string): Promise<Requirements> {
  const files = [first];
  let needsCode = false;
  let needsGit = false;
  // `files` grows while it is walked: an included file's own includes come after it.
  for (const file of files) {
    for (const line of requirementLines((await folder.read(file)) ?? "")) {
      const included = /^(?:-[rc]|--(?:requirement|constraint)(?:=|\s))\s*(?<path>\S+)$/.exec(line)?.groups?.["path"];
      if (included !== undefined && !included.includes("://")) {
        const path = includedPath(folder, file, included);
        if (!files.includes(path)) files.push(path);
      }
      if (/(?:^|[\s@])git\+/.test(line)) needsGit = true;
      if (/^(?:-e|--editable)[\s=]|^\.{0,2}\/|^\.{1,2}(?:\[|$)|(?:^|@\s*)file:(?!\/\/\/)/.test(line)) {
        if (!/^(?:-e|--editable)[\s=]\s*git\+/.test(line)) needsCode = true;
      }
    }
  }
  return { kind: "requirements", files, needsCode, needsGit };
}

/** Lines without comments and continuations (pip's requirements file format). */
function requirementLines(text: string): readonly string[] {
  return text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}

function includedPath(folder: SourceFolder, from: string, written: string): string {
  const path = pathInside(posix.join(posix.dirname(from), written));
  if (path === undefined) {
    throw new LaunchError(
      "build-failed",
      `${from} includes "${written}", which is outside of the build context; move it inside, or add a Dockerfile`,
    );
  }
  if (!folder.files.has(path)) {
    throw new LaunchError("build-failed", `${from} includes "${written}", and the source has no such file`);
  }
  if (!/^[\w./+-]+$/.test(path)) {
    throw new LaunchError(
      "build-failed",
      `${from} includes "${written}"; its name may have letters, digits and . _ + - / only`,
    );
  }
  return path;
}
