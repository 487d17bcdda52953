import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

/** What GitHub's runner has of this repository when it runs the action: the committed files, and no node_modules. */
export type ActionCopy = { readonly directory: string; remove(): void };

/** Copies the action to a folder outside the repository, so that it can reach nothing but what it ships. */
export function copyAction(): ActionCopy {
  if (!existsSync(join(root, "dist"))) throw new Error("dist/ is not there: run `npm run build`");
  const directory = mkdtempSync(join(tmpdir(), "launch-action-"));
  for (const name of ["action.yml", "package.json", "bin", "dist"]) {
    cpSync(join(root, name), join(directory, name), { recursive: true });
  }
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
