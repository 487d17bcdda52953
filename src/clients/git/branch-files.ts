import { setTimeout as delay } from "node:timers/promises";
import { LaunchError } from "../../core/errors.ts";
import type { GitConfig } from "./git.ts";
import { newBlob, newCommit, type NewObject } from "./objects/object-format.ts";
import { readFolders, readTree } from "./objects/read-objects.ts";
import { fileEntry, folderEntry, isFile, nameText, newTree, rawName, type TreeEntry } from "./objects/tree-format.ts";
import { writeObjects } from "./objects/write-objects.ts";
import { listRefs, type Ref } from "./refs.ts";
import { fetchInto } from "./remotes/fetch.ts";
import { listRemote } from "./remotes/list-remote.ts";
import { accessTo, type Remote } from "./remotes/remote-access.ts";
import type { Repository } from "./repository.ts";

/* Files of a branch, read and written as objects: no work tree, no index, and of a remote no more than its newest trees. */

export type FolderFile = { readonly name: string; readonly blob: string };

/** The plain files of a commit's folder; none when there is no such folder. */
export async function filesIn(
  repository: Repository,
  { commit, folder }: { readonly commit: string; readonly folder: string },
  signal: AbortSignal,
): Promise<readonly FolderFile[]> {
  const entries = (await readTree(repository, `${commit}:${folder}`, signal)) ?? [];
  return entries.filter(isFile).map(({ name, id }) => ({ name: nameText(name), blob: id }));
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

/**
 * Makes the commit of one file's change, with everything else as it was: its bytes are copied, and what is in other folders, which may
 * not be here, is not looked at. Moves no ref.
 */
export async function commitFile(repository: Repository, change: FileChange, signal: AbortSignal): Promise<string> {
  const { format } = repository;
  const { on, content, message, time } = change;
  const names = change.path.split("/");
  const file = names.at(-1) ?? "";
  const folders = await foldersOnTheWay(repository, { commit: on, names: names.slice(0, -1) }, signal);
  const objects: NewObject[] = [];
  let entry: TreeEntry | undefined;
  if (content !== undefined) {
    const blob = newBlob(format, content);
    objects.push(blob);
    entry = fileEntry(file, blob.id);
  }
  // The deepest first: a folder's tree is made when all that is in it is known.
  for (const [depth, old] of [...folders.entries()].reverse()) {
    const entries = withEntry(old, names[depth] ?? "", entry);
    entry = undefined;
    // A folder that is left empty goes.
    if (entries.length === 0 && depth > 0) continue;
    const tree = newTree(format, entries);
    objects.push(tree);
    entry = folderEntry(names[depth - 1] ?? "", tree.id);
  }
  const parents = on === undefined ? [] : [on];
  const commit = newCommit(format, { tree: entry?.id ?? "", parents, message, time });
  await writeObjects(repository, [...objects, commit], signal);
  return commit.id;
}

function withEntry(old: readonly TreeEntry[], name: string, entry: TreeEntry | undefined): readonly TreeEntry[] {
  const kept = old.filter((other) => other.name !== rawName(name));
  return entry === undefined ? kept : [...kept, entry];
}

/** The entries of the root and of each folder below it on the way. */
async function foldersOnTheWay(
  repository: Repository,
  { commit, names }: { readonly commit: string | undefined; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<readonly (readonly TreeEntry[])[]> {
  if (commit === undefined) return [[], ...names.map(() => [])];
  const folders = ["", ...names.map((_name, at) => names.slice(0, at + 1).join("/"))];
  return [...(await readFolders(repository, { commit, folders }, signal)).values()];
}

const usualBranch = "refs/heads/main";

/** A remote's default branch with its tip; `main` where it names one that isn't there. Throws `store-failed` when it can't be asked. */
export async function defaultBranchOf(
  repository: Repository,
  remote: Remote,
  signal: AbortSignal,
): Promise<{ readonly branch: string; readonly tip: string | undefined }> {
  const listed = await listRemote(
    repository,
    { access: await accessTo(remote, signal), patterns: ["HEAD", usualBranch] },
    signal,
  );
  if (listed.kind === "failed") {
    throw new LaunchError("store-failed", `asking ${remote.url} for its default branch: ${listed.said}`);
  }
  const { refs, head } = listed.value;
  const tipOf = (ref: string): string | undefined => refs.find(({ name }) => name === ref)?.hash;
  const tip = tipOf("HEAD");
  return tip === undefined ? { branch: usualBranch, tip: tipOf(usualBranch) } : { branch: head ?? usualBranch, tip };
}

/** Brings a commit with all its trees but no files, as far as the remote can do that, and none of its history. */
export async function fetchTrees(
  repository: Repository,
  { remote, tip }: { readonly remote: Remote; readonly tip: Ref },
  signal: AbortSignal,
): Promise<void> {
  const { id, name } = tip;
  // Whoever else fetches into this copy most likely wants the same.
  const isThere = async (): Promise<boolean> =>
    (await listRefs(repository, [name], signal)).some((ref) => ref.name === name && ref.id === id);
  const request = { remote, options: ["--depth=1"], refspecs: [`+${id}:${name}`], isThere };
  await fetchPromised(repository, request, signal);
}

/** Brings these files' contents. */
export async function fetchBlobs(
  repository: Repository,
  { remote, blobs }: { readonly remote: Remote; readonly blobs: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  if (blobs.length === 0) return;
  const request = { remote, options: [], refspecs: blobs, isThere: () => Promise.resolve(false) };
  await fetchPromised(repository, request, signal);
}

const promisor = "store";

/** What is missing here is promised by the remote: without that git takes a fetch of single files for a broken one. */
function promisorConfig({ url }: Remote): GitConfig {
  return [
    [`remote.${promisor}.url`, url],
    [`remote.${promisor}.promisor`, "true"],
    [`remote.${promisor}.partialCloneFilter`, "blob:none"],
    ["fetch.negotiationAlgorithm", "noop"],
  ];
}

/** Processes that share a copy get in each other's way while one of them notes where its history ends: the others try again. */
const tries = 6;
const firstWaitMs = 100;

type FetchPromised = {
  readonly remote: Remote;
  readonly options: readonly string[];
  readonly refspecs: readonly string[];
  /** What is wanted has come in another way. */
  readonly isThere: () => Promise<boolean>;
};

async function fetchPromised(repository: Repository, request: FetchPromised, signal: AbortSignal): Promise<void> {
  const { remote, refspecs, isThere } = request;
  const options = ["--filter=blob:none", ...request.options];
  const fetch = { refspecs, options, config: promisorConfig(remote), remoteName: promisor, timeoutMs: 120_000 };
  for (let failures = 0; ; failures++) {
    const said = await fetchInto(repository, { ...fetch, access: await accessTo(remote, signal) }, signal);
    if (said === undefined || (await isThere())) return;
    if (failures === tries - 1) {
      throw new LaunchError("store-failed", `the definitions of queues can't be read from ${remote.url}: ${said}`);
    }
    await delay(Math.random() * firstWaitMs * 2 ** failures, undefined, { signal });
  }
}
