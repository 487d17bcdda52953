import { LaunchError } from "../../core/errors.ts";
import { git } from "./git.ts";
import { inScratch, type ScratchRepository, scratchGit } from "./scratch-repository.ts";
import { type IndexEnvironment, withIndex, writeTree } from "./temporary-index.ts";

/** Two trees, or commits, to be compared. */
export type TreePair = { readonly base: string; readonly tree: string };

/** The patch from one tree to another: binary too, whole hashes, and independent of the user's diff settings (plumbing has none). */
export function diffTrees(
  repository: ScratchRepository,
  { base, tree }: TreePair,
  signal: AbortSignal,
): Promise<Buffer> {
  return scratchGit(repository, {
    args: ["diff-tree", "-r", "-p", "--binary", "--full-index", "-M", "--no-ext-diff", "--no-textconv", base, tree],
    doing: `making the patch from ${base.slice(0, 12)}`,
    signal,
  });
}

/** Paths in which two trees differ. */
export async function changedPaths(
  repository: ScratchRepository,
  { base, tree }: TreePair,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const output = await scratchGit(repository, {
    args: ["diff-tree", "-r", "-z", "--name-only", "--no-renames", base, tree],
    doing: `comparing with ${base.slice(0, 12)}`,
    signal,
  });
  return output
    .toString()
    .split("\0")
    .filter((path) => path !== "");
}

/**
 * Applies a patch to a tree, without any files on disk, and returns the tree that results. Throws `patch-failed`, with what git
 * says and the hunk that doesn't fit as its detail.
 */
export function applyPatch(
  repository: ScratchRepository,
  { base, patch }: { readonly base: string; readonly patch: Uint8Array },
  signal: AbortSignal,
): Promise<string> {
  const use = async (env: IndexEnvironment): Promise<string> => {
    const result = await git(
      inScratch(repository, {
        args: [
          ...["-c", "apply.whitespace=nowarn", "-c", "apply.ignoreWhitespace=no"],
          ...["apply", "--cached", "--binary", "--whitespace=nowarn", "-"],
        ],
        doing: `applying the patch to ${base.slice(0, 12)}`,
        signal,
        env,
        input: patch,
      }),
    );
    if (result.exitCode !== 0) throw patchFailure(base, result.stderr, Buffer.from(patch).toString());
    return writeTree(repository, env, signal);
  };
  return withIndex(repository, { tree: base, use }, signal);
}

const maxHunkLines = 40;

function patchFailure(base: string, stderr: string, patch: string): LaunchError {
  const said = stderr
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/^error: /, ""));
  const place = /^error: patch failed: (.+):(\d+)$/m.exec(stderr);
  const file = place?.[1];
  const hunk = file === undefined ? [] : hunkOf(patch, file, Number(place?.[2]));
  return new LaunchError(
    "patch-failed",
    `the patch does not apply to ${base.slice(0, 12)}: ${file === undefined ? (said[0] ?? "git gave no reason") : `${file} differs there`}; make it again from that commit`,
    { detail: [...said, ...hunk.slice(0, maxHunkLines)] },
  );
}

/** The lines of a file's hunk that starts at `line` of the old file, as the patch has them. */
export function hunkOf(patch: string, file: string, line: number): readonly string[] {
  const lines = patch.split("\n");
  let inFile = false;
  for (const [index, text] of lines.entries()) {
    if (text.startsWith("diff --git ")) inFile = text.includes(file);
    if (!inFile || !text.startsWith(`@@ -${line}`) || !/^@@ -\d+[ ,]/.test(text)) continue;
    if (Number.parseInt(text.slice("@@ -".length), 10) !== line) continue;
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((next) => !/^[ +\-\\]/.test(next) && next !== "");
    return [text, ...(end === -1 ? rest : rest.slice(0, end))].filter(
      (next, at, all) => next !== "" || at < all.length - 1,
    );
  }
  return [];
}
