import { randomUUID } from "node:crypto";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { git, type GitRequest, gitOrThrow } from "../../../clients/git/git.ts";
import type { ScratchRepository } from "../../../clients/git/scratch-repository.ts";
import type { StandIn } from "./stand-in.ts";

/*
 * Changes that git was told not to see: `git update-index --assume-unchanged` and `--skip-worktree`, by which people keep a local setting
 * out of their commits. A run gets such a file as it is committed, and what the user sees in the folder is another.
 */

export type Mark = "assume-unchanged" | "skip-worktree";

export type HiddenChange = { readonly rawPath: string; readonly mark: Mark };

/** The index's entries with their marks (https://git-scm.com/docs/git-ls-files#Documentation/git-ls-files.txt--v). */
export const markedWords = ["ls-files", "-v", "--stage", "-z"] as const;

type Marked = HiddenChange & { /** As `git update-index --index-info` reads it. */ readonly entry: string };

/** Gives the marked files of {@link markedWords}' answer; nearly always none. */
export function parseMarked(output: Buffer): readonly Marked[] {
  const marked: Marked[] = [];
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(0, at);
    if (end === -1) break;
    const mark = markOf(output.toString("latin1", at, at + 1));
    if (mark !== undefined) {
      const entry = output.toString("latin1", at + 2, end);
      marked.push({ entry, mark, rawPath: entry.slice(entry.indexOf("\t") + 1) });
    }
    at = end + 1;
  }
  return marked;
}

/** A small letter is "assume unchanged", whatever else the entry is. */
function markOf(tag: string): Mark | undefined {
  if (tag !== tag.toUpperCase()) return "assume-unchanged";
  return tag === "S" ? "skip-worktree" : undefined;
}

/**
 * The marked files that differ from the index, by an index of their own without marks. One that is away counts where it is assumed to be
 * unchanged alone: a sparse checkout has marked what it hasn't got.
 */
export async function hiddenChanges(
  { toplevel, standIn, listed }: { readonly toplevel: string; readonly standIn: StandIn; readonly listed: Buffer },
  repository: ScratchRepository,
  signal: AbortSignal,
): Promise<readonly HiddenChange[]> {
  const marked: Marked[] = [];
  for (const file of parseMarked(listed)) {
    if (file.mark === "assume-unchanged" || (await isThere(toplevel, file.rawPath))) marked.push(file);
  }
  if (marked.length === 0) return [];
  const index = join(repository.directory, `marked-${randomUUID()}`);
  const ask = (asked: Pick<GitRequest, "args" | "input">): GitRequest =>
    standIn.request(
      {
        ...{ signal, env: { GIT_INDEX_FILE: index }, timeoutMs: 5 * 60_000, config: repository.settings },
        ...{ doing: "comparing the files that are marked as unchanged", ...asked },
      },
      toplevel,
    );
  const input = Buffer.from(marked.map(({ entry }) => `${entry}\0`).join(""), "latin1");
  await gitOrThrow(ask({ args: ["update-index", "-z", "--index-info"], input }), "source-failed");
  const compared = await git(ask({ args: comparison }));
  // Only something to tell: what git can't compare is no reason not to launch.
  if (compared.exitCode !== 0) return [];
  const differing = new Set(compared.stdout.toString("latin1").split("\0"));
  return marked.filter(({ rawPath }) => differing.has(rawPath));
}

const comparison = [
  ...["-c", "core.safecrlf=false", "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"],
  ...["--no-relative", "--ignore-submodules=dirty"],
];

async function isThere(toplevel: string, rawPath: string): Promise<boolean> {
  const path = Buffer.concat([Buffer.from(`${toplevel}/`), Buffer.from(rawPath, "latin1")]);
  return lstat(path).then(
    () => true,
    () => false,
  );
}
