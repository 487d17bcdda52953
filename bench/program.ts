import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/* What is measured: the programs that users start, on the committed bundle, and a place for them where nothing else is. */

const root = resolve(import.meta.dirname, "..");
export const launchEntry = join(root, "bin", "launch.js");
export const actionEntry = join(root, "bin", "main.js");

/** Why nothing can be measured; undefined when all is there. */
export function missingBundle(): string | undefined {
  return existsSync(join(root, "dist", "index.js")) ? undefined : "there is no dist/: npm run build";
}

export type Workspace = {
  readonly folder: string;
  /** For every program started here: its state, its configuration and its temporary files are this workspace's own. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Makes a git repository with these files in one commit. */
  readonly project: (files: Readonly<Record<string, string>>) => string;
  readonly remove: () => void;
};

/** A temporary folder that stands for a machine of its own: no state, no launch config, no CI. */
export function makeWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), "launch-bench-"));
  const inside = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const outside = Object.keys(process.env).filter((name) => /^(?:CI$|GITHUB_|LAUNCH_|WANDB_|INPUT_)/.test(name));
  return {
    folder,
    env: {
      ...Object.fromEntries(outside.map((name) => [name, undefined])),
      LAUNCH_STATE_HOME: inside("state"),
      XDG_CONFIG_HOME: inside("config"),
      TMPDIR: inside("tmp"),
      NO_COLOR: "1",
    },
    project: (files) => {
      const directory = mkdtempSync(join(folder, "project-"));
      for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text);
      const identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"];
      const git = (...args: readonly string[]): void =>
        void execFileSync("git", [...identity, ...args], { cwd: directory, stdio: "ignore" });
      git("init", "--initial-branch=main");
      git("add", "--all");
      git("commit", "--message=Start");
      return directory;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs `use` in a workspace that is gone afterwards. */
export async function inWorkspace<T>(use: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = makeWorkspace();
  try {
    return await use(workspace);
  } finally {
    workspace.remove();
  }
}
