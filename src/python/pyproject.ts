import { parseToml, stringIn, stringsIn, tableIn } from "./toml.ts";

/** What a pyproject.toml says of its project. */
export type Pyproject = {
  /** Whether it describes a project, and not tools alone. */
  readonly isProject: boolean;
  /** Whether only the project's build backend knows what it depends on. */
  readonly mustBeBuilt: boolean;
  /** `[project] dependencies`, as written (PEP 508). */
  readonly dependencies: readonly string[];
  readonly requiresPython: string | undefined;
};

/** Throws `build-failed` for what is no TOML. */
export function readPyproject(text: string): Pyproject {
  const file = parseToml(text, "pyproject.toml");
  const project = tableIn(file, "project");
  return {
    isProject: project !== undefined || tableIn(file, "tool", "poetry") !== undefined,
    mustBeBuilt: project === undefined || stringsIn(project, "dynamic").includes("dependencies"),
    dependencies: stringsIn(project, "dependencies"),
    requiresPython: stringIn(project, "requires-python"),
  };
}
