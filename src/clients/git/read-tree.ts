import { git } from "./git.ts";
import { type Repository, within } from "./objects.ts";

export type TreeEntry = { readonly mode: string; readonly type: string; readonly id: string; readonly name: string };

export type ReadEntries = {
  /** A tree, a commit, or a folder of one (`<commit>:<path>`). */
  readonly tree: string;
  readonly maxOutputBytes?: number;
};

/** What is in one folder, without what is below it. Undefined when it is not there or can't be read. */
export async function readEntries(
  repository: Repository,
  { tree, ...bounds }: ReadEntries,
  signal: AbortSignal,
): Promise<readonly TreeEntry[] | undefined> {
  const { exitCode, stdout } = await git({
    args: within(repository, "ls-tree", "-z", tree),
    doing: `reading from ${repository.directory}`,
    cwd: repository.directory,
    ...bounds,
    signal,
  });
  if (exitCode !== 0) return undefined;
  return stdout
    .toString()
    .split("\0")
    .flatMap((line) => {
      const [, mode = "", type = "", id = "", name = ""] = /^(\d+) (\w+) ([0-9a-f]+)\t(.+)$/s.exec(line) ?? [];
      return name === "" ? [] : [{ mode, type, id, name }];
    });
}

/** The files of a commit's tree: name → blob. Undefined when the commit is not there or can't be read. */
export async function readTree(
  repository: Repository,
  commit: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  const entries = await readEntries(repository, { tree: commit }, signal);
  const files = entries?.filter(({ mode, type }) => mode === "100644" && type === "blob");
  return files && Object.fromEntries(files.map(({ name, id }) => [name, id]));
}
