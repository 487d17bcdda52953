import { setTimeout as delay } from "node:timers/promises";
import { LaunchError } from "../../core/errors.ts";
import { git, gitOrThrow } from "./git.ts";
import { newBlob, newCommit, type Repository, within, writeObjects } from "./objects.ts";
import { readEntries, type TreeEntry } from "./read-tree.ts";
import { listRefs, type Ref, type Remote, remoteConfig } from "./refs.ts";

/* Files of a branch, read and written by plumbing: no work tree, no index, and of a remote no more than its newest trees. */

export type FolderFile = { readonly name: string; readonly blob: string };

/** The plain files of a commit's folder; none when there is no such folder. */
export async function filesIn(
  repository: Repository,
  commit: string,
  folder: string,
  signal: AbortSignal,
): Promise<readonly FolderFile[]> {
  const entries = await entriesOf(repository, `${commit}:${folder}`, signal);
  return entries.flatMap(({ mode, id, name }) => (mode.startsWith("100") ? [{ name, blob: id }] : []));
}

/** Folders of other people's branches may be large. */
const maxFolderBytes = 64 * 1024 * 1024;

async function entriesOf(repository: Repository, tree: string, signal: AbortSignal): Promise<readonly TreeEntry[]> {
  return (await readEntries(repository, { tree, maxOutputBytes: maxFolderBytes }, signal)) ?? [];
}

export type FileChange = {
  /** The commit to build on; undefined makes a first one. */
  readonly on: string | undefined;
  readonly path: string;
  /** Undefined removes the file. */
  readonly content: string | undefined;
  readonly message: string;
  readonly time: Date;
};

/** Makes the commit of one file's change, with everything else as it was. Moves no ref. */
export async function commitFile(repository: Repository, change: FileChange, signal: AbortSignal): Promise<string> {
  const { on, path, content, message, time } = change;
  const blob = content === undefined ? undefined : newBlob(repository.format, content);
  if (blob !== undefined) await writeObjects(repository, [blob], signal);
  const tree = await changedTree(repository, { within: on, path: path.split("/"), at: "", blob: blob?.id }, signal);
  const parents = on === undefined ? [] : [on];
  const commit = newCommit(repository.format, { tree: tree ?? emptyTree[repository.format], parents, message, time });
  await writeObjects(repository, [commit], signal);
  return commit.id;
}

const emptyTree = {
  sha1: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  sha256: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
} as const;

type TreeChange = {
  /** The commit. */
  readonly within: string | undefined;
  /** The folder, from the root. */
  readonly at: string;
  readonly path: readonly string[];
  readonly blob: string | undefined;
};

/** The folder's tree with the change; undefined when nothing is left in it. */
async function changedTree(
  repository: Repository,
  change: TreeChange,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [name = "", ...rest] = change.path;
  const old = change.within === undefined ? [] : await entriesOf(repository, `${change.within}:${change.at}`, signal);
  const below = change.at === "" ? name : `${change.at}/${name}`;
  const id =
    rest.length === 0 ? change.blob : await changedTree(repository, { ...change, at: below, path: rest }, signal);
  const kept = old.filter((entry) => entry.name !== name);
  const [mode, type] = rest.length === 0 ? ["100644", "blob"] : ["040000", "tree"];
  const entries = id === undefined ? kept : [...kept, { mode, type, id, name }];
  if (entries.length === 0) return undefined;
  const stdout = await gitOrThrow(
    {
      // What is in other folders may not be here: it is not looked at, and stays as it is.
      args: within(repository, "mktree", "-z", "--missing"),
      doing: `writing into ${repository.directory}`,
      cwd: repository.directory,
      input: entries.map((entry) => `${entry.mode} ${entry.type} ${entry.id}\t${entry.name}\0`).join(""),
      signal,
    },
    "store-failed",
  );
  return stdout.toString().trim();
}

const usualBranch = "refs/heads/main";

/** A remote's default branch with its tip; `main` where it names one that isn't there. Throws `store-failed` when it can't be asked. */
export async function defaultBranchOf(
  repository: Repository,
  remote: Remote,
  signal: AbortSignal,
): Promise<{ readonly branch: string; readonly tip: string | undefined }> {
  const stdout = await gitOrThrow(
    {
      args: within(repository, "ls-remote", "--symref", "--", remote.url, "HEAD", usualBranch),
      doing: `asking ${remote.url} for its default branch`,
      cwd: repository.directory,
      config: await remoteConfig(remote, signal),
      signal,
    },
    "store-failed",
  );
  const text = stdout.toString();
  const branch = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(text)?.[1];
  const tipOf = (ref: string): string | undefined => new RegExp(`^([0-9a-f]{40,64})\\t${ref}$`, "m").exec(text)?.[1];
  const tip = tipOf("HEAD");
  return tip === undefined ? { branch: usualBranch, tip: tipOf(usualBranch) } : { branch: branch ?? usualBranch, tip };
}

/** Brings a commit with all its trees but no files, as far as the remote can do that, and none of its history. */
export async function fetchTrees(
  repository: Repository,
  remote: Remote,
  { id, name }: Ref,
  signal: AbortSignal,
): Promise<void> {
  // Whoever else fetches into this copy most likely wants the same.
  const isThere = async (): Promise<boolean> =>
    (await listRefs(repository, [name], signal)).some((ref) => ref.name === name && ref.id === id);
  const words = ["--depth=1", "--filter=blob:none", promisor, `+${id}:${name}`];
  await fetchInto({ repository, remote, words, isThere }, signal);
}

/** Brings these files' contents. */
export async function fetchBlobs(
  repository: Repository,
  remote: Remote,
  blobs: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (blobs.length === 0) return;
  const words = ["--filter=blob:none", promisor, ...blobs];
  await fetchInto({ repository, remote, words, isThere: () => Promise.resolve(false) }, signal);
}

const promisor = "store";

/** What is missing here is promised by the remote: without that git takes a fetch of single files for a broken one. */
function promisorConfig({ url }: Remote): readonly (readonly [string, string])[] {
  return [
    [`remote.${promisor}.url`, url],
    [`remote.${promisor}.promisor`, "true"],
    [`remote.${promisor}.partialCloneFilter`, "blob:none"],
  ];
}

/** Processes that share a copy get in each other's way while one of them notes where its history ends: the others try again. */
const tries = 6;
const firstWaitMs = 100;

type FetchInto = {
  readonly repository: Repository;
  readonly remote: Remote;
  readonly words: readonly string[];
  /** What is wanted has come in another way. */
  readonly isThere: () => Promise<boolean>;
};

async function fetchInto(request: FetchInto, signal: AbortSignal): Promise<void> {
  for (let failures = 0; ; failures++) {
    const said = await fetchOnce(request, signal);
    if (said === undefined || (await request.isThere())) return;
    if (failures === tries - 1) {
      const { url } = request.remote;
      throw new LaunchError("store-failed", `the definitions of queues can't be read from ${url}: ${said}`);
    }
    await delay(Math.random() * firstWaitMs * 2 ** failures, undefined, { signal });
  }
}

/** What git said when it failed. */
async function fetchOnce({ repository, remote, words }: FetchInto, signal: AbortSignal): Promise<string | undefined> {
  const { exitCode, stderr } = await git({
    args: within(
      repository,
      "-c",
      "protocol.version=2",
      "-c",
      "fetch.negotiationAlgorithm=noop",
      ...["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--recurse-submodules=no"],
      ...words,
    ),
    doing: `fetching from ${remote.url}`,
    cwd: repository.directory,
    config: [...(await remoteConfig(remote, signal)), ...promisorConfig(remote)],
    timeoutMs: 120_000,
    signal,
  });
  return exitCode === 0 ? undefined : stderr.trim();
}
