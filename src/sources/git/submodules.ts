import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { git } from "../../clients/git/git.ts";
import { inScratch, type ScratchRepository } from "../../clients/git/scratch-repository.ts";
import { listTree, type ListedEntry } from "../../clients/git/objects/list-tree.ts";
import { graft } from "../../clients/git/temporary-index.ts";
import { LaunchError } from "../../core/errors.ts";
import { ours, say } from "../../core/output/said.ts";
import { findGitPlace } from "./work-tree/git-place.ts";
import { makeStandIn } from "./work-tree/stand-in.ts";
import type { SourceContext } from "../source.ts";
import type { Provenance } from "../../run/provenance.ts";

/** Where the submodules of one repository are had from. */
export type SubmoduleHome = {
  /**
   * Makes a submodule's commit readable in the scratch repository and returns where its own submodules are had from;
   * undefined leaves the submodule out (said by the home itself). `siblings` is the tree that names it.
   */
  open(submodule: ListedEntry, siblings: readonly ListedEntry[]): Promise<SubmoduleHome | undefined>;
};

/** A tree, and all that is in it. */
export type FoundTree = { readonly tree: string; readonly entries: readonly ListedEntry[] };

export type WithSubmodules = {
  /** The tree with each submodule that was had as an ordinary folder; so its hash covers all that runs. */
  readonly tree: string;
  readonly entries: readonly ListedEntry[];
  readonly submodules: NonNullable<Provenance["submodules"]>;
};

const maxDepth = 10;

type Including = FoundTree & {
  /** Where what the tree names is had from. */
  readonly home: SubmoduleHome;
  /** How many repositories are around it. */
  readonly depth?: number;
};

/** Puts the files of submodules, and theirs, into a tree. */
export async function includeSubmodules(
  repository: ScratchRepository,
  { tree: bare, entries: named, home, depth = 0 }: Including,
  signal: AbortSignal,
): Promise<WithSubmodules> {
  const folders = new Map<string, string>();
  const submodules: { path: string; commit: string }[] = [];
  if (depth > maxDepth) throw new LaunchError("source-failed", `submodules are nested more than ${maxDepth} deep`);
  for (const entry of named) {
    if (entry.kind !== "submodule") continue;
    // One after the other: fetches into one repository would contend for its list of shallow commits.
    const inner = await home.open(entry, named);
    if (inner === undefined) continue;
    const entries = await listTree(repository, entry.hash, signal);
    const whole = await includeSubmodules(
      repository,
      { tree: entry.hash, entries, home: inner, depth: depth + 1 },
      signal,
    );
    folders.set(entry.path, whole.tree);
    submodules.push({ path: entry.path, commit: entry.hash });
    submodules.push(...whole.submodules.map(({ path, commit }) => ({ path: `${entry.path}/${path}`, commit })));
  }
  if (folders.size === 0) return { tree: bare, entries: named, submodules };
  const tree = await graft(repository, { tree: bare, folders }, signal);
  return { tree, entries: await listTree(repository, tree, signal), submodules };
}

/** Submodules that are checked out below a folder on this machine: each commit comes from the submodule's own repository. */
export function localSubmodules(
  repository: ScratchRepository,
  folder: string,
  context: Pick<SourceContext, "log" | "signal">,
): SubmoduleHome {
  const { log, signal } = context;
  return {
    open: async ({ path, hash }) => {
      const place = join(folder, path);
      const [objects, modified] = await Promise.all([objectsOf(place, signal), isModified(repository, place, signal)]);
      if (modified) {
        log.warning(say`the submodule ${path} has changes of its own, which are left out; commit them there`);
      }
      if (objects !== undefined) await repository.borrow([objects]);
      const commit = await git(
        inScratch(repository, {
          args: ["cat-file", "-e", `${hash}^{tree}`],
          doing: `finding submodule ${path}`,
          signal,
        }),
      );
      if (commit.exitCode === 0 && objects !== undefined) return localSubmodules(repository, place, context);
      log.warning(
        objects === undefined
          ? say`the submodule ${path} is not checked out, so its folder is left out; git submodule update --init --recursive brings it`
          : say`the submodule ${path} has not got its commit ${ours(hash.slice(0, 12))}, so its folder is left out; git submodule update brings it`,
      );
      return undefined;
    },
  };
}

/** Whether a submodule's files differ from what is committed there; one that is not checked out has none. */
async function isModified(repository: ScratchRepository, folder: string, signal: AbortSignal): Promise<boolean> {
  const root = await realpath(folder).catch(() => undefined);
  const place = root === undefined ? undefined : await findGitPlace(root);
  if (place === undefined || place.toplevel !== root) return false;
  const standIn = await makeStandIn(place, repository);
  const args = ["status", "--porcelain", "-z", "--ignore-submodules=dirty", "--no-renames"];
  const command = { args, doing: `reading the submodule ${folder}`, signal, config: repository.settings };
  const { exitCode, stdout } = await git(standIn.request(command, root));
  return exitCode === 0 && stdout.length > 0;
}

/** The object directory of the repository whose work tree is exactly this folder. */
async function objectsOf(folder: string, signal: AbortSignal): Promise<string | undefined> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined) return undefined;
  const result = await git({
    args: ["rev-parse", "--path-format=absolute", "--git-path", "objects", "--show-toplevel"],
    doing: `finding the repository of ${folder}`,
    cwd: root,
    signal,
  });
  const [objects, toplevel] = result.stdout.toString().split("\n");
  return result.exitCode === 0 && toplevel === root ? objects : undefined;
}
