import { LaunchError } from "../../core/errors.ts";
import { git, type GitConfig, type GitRequest } from "./git.ts";

export type ObjectFormat = "sha1" | "sha256";

/** A repository that is used for its objects and refs; its work tree, if it has one, is left alone. */
export type Repository = {
  readonly directory: string;
  readonly format: ObjectFormat;
  /** Configuration that every command in it needs. */
  config?(): GitConfig;
  /** The protocols by which git may get what is missing in it; none when left out. */
  protocols?(): readonly string[];
};

export type RepositoryCommand = Omit<GitRequest, "cwd"> & {
  /** Instead of the repository's own folder. */
  readonly cwd?: string;
};

/** git takes no larger file into memory as a whole: what somebody pushed as kilobytes may be gigabytes. */
export const streamed = ["core.bigFileThreshold", "8m"] as const;

/** The request of a git command that uses this repository only, wherever it runs. */
export function inRepository(repository: Omit<Repository, "format">, command: RepositoryCommand): GitRequest {
  const { directory } = repository;
  const protocols = repository.protocols?.() ?? [];
  return {
    config: repository.config?.() ?? [],
    ...command,
    args: ["--git-dir", directory, ...command.args],
    env: { ...(protocols.length === 0 ? {} : { GIT_ALLOW_PROTOCOL: protocols.join(":") }), ...command.env },
    cwd: command.cwd ?? directory,
  };
}

/** The repository at `directory`; throws `store-failed` when it is none that git would use. */
export async function inspectRepository(directory: string, signal: AbortSignal): Promise<Repository> {
  const args = ["rev-parse", "--show-object-format"];
  const { exitCode, stdout, stderr } = await git(
    inRepository({ directory }, { args, doing: `opening ${directory}`, signal }),
  );
  const format = stdout.toString().trim();
  if (exitCode === 0 && (format === "sha1" || format === "sha256")) return { directory, format };
  throw new LaunchError("store-failed", `${directory} is not a git repository that can be used: ${stderr.trim()}`);
}
