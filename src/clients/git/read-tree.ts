import { git } from "./git.ts";
import { type Repository, within } from "./objects.ts";

/** The files of a commit's tree: name → blob. Undefined when the commit is not there or can't be read. */
export async function readTree(
  repository: Repository,
  commit: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  const { exitCode, stdout } = await git({
    args: within(repository, "ls-tree", "-z", commit),
    doing: `reading from ${repository.directory}`,
    cwd: repository.directory,
    signal,
  });
  if (exitCode !== 0) return undefined;
  const files: Record<string, string> = {};
  for (const entry of stdout.toString().split("\0")) {
    const match = /^100644 blob ([0-9a-f]+)\t(.+)$/s.exec(entry);
    if (match?.[1] !== undefined && match[2] !== undefined) files[match[2]] = match[1];
  }
  return files;
}
