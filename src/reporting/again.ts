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
  if (commit === undefined) return [launch];
  return [
    formatCommandLine(["git", "checkout", commit]),
    ...(patched ? [`launch show ${runId} --patch | git apply --index`] : []),
    launch,
  ];
}
