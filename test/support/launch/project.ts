import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

export type ProjectContent = {
  /** Folders of this repository to start from, such as `examples/digits`: their content goes to the project's root. */
  readonly from?: readonly string[];
  /** Files by path; they are written over what `from` brought. */
  readonly files?: Readonly<Record<string, string>>;
};

export type Project = { readonly directory: string; readonly commit: string; remove(): void };

function git(directory: string, ...args: readonly string[]): string {
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
  return execFileSync("git", [...identity, ...args], { cwd: directory, encoding: "utf8" }).trim();
}

/** A git repository of its own in a temporary folder, with this content in one commit. */
export function makeProject(content: ProjectContent): Project {
  const directory = mkdtempSync(join(tmpdir(), "launch-project-"));
  for (const folder of content.from ?? []) cpSync(join(root, folder), directory, { recursive: true });
  for (const [path, text] of Object.entries(content.files ?? {})) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
  }
  git(directory, "init", "--quiet", "--initial-branch=main");
  git(directory, "add", "--all");
  git(directory, "commit", "--quiet", "--message=Start");
  return {
    directory,
    commit: git(directory, "rev-parse", "HEAD"),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
