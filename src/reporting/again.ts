import { formatCommandLine } from "../core/command-line.ts";

export type AgainRequest = {
  readonly runId: string;
  /** The commit to check out first; undefined when the command names it, or there is none. */
  readonly commit: string | undefined;
  /** Whether changes that are in no commit ran too. */
  readonly patched: boolean;
  /** The command that launches. */
  readonly launch: string;
};

/**
 * The commands that run a run again: the same commit, its patch from the store, the same launch. The patch goes to the index too: a file
 * that it adds would be untracked otherwise, and left out.
 */
export function againCommands({ runId, commit, patched, launch }: AgainRequest): readonly string[] {
  // What came from a store may be no commit, and an option of git's instead.
  if (commit === undefined || !/^[0-9a-f]{4,64}$/.test(commit)) return patched ? [] : [launch];
  return [
    formatCommandLine(["git", "checkout", commit]),
    ...(patched ? [`${formatCommandLine(["launch", "show", runId, "--patch"])} | git apply --index`] : []),
    launch,
  ];
}
