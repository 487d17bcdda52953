import { existsSync } from "node:fs";
import { join } from "node:path";
import { git } from "../../clients/git/git.ts";
import { inScratch, type ScratchRepository } from "../../clients/git/scratch-repository.ts";
import { listTree, type ListedEntry } from "../../clients/git/objects/list-tree.ts";
import { graft } from "../../clients/git/temporary-index.ts";
import { LaunchError } from "../../core/errors.ts";
import { ours, say } from "../../core/output/said.ts";
import { realPathOf } from "../../core/folders/real-path.ts";
import { findGitPlace, type GitPlace } from "./work-tree/git-place.ts";
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
      const checkout = await checkoutAt(place);
      const objects = checkout && join(checkout.commonDirectory, "objects");
      if (checkout !== undefined && (await isModified(repository, checkout, signal))) {
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

/** The checkout whose files are exactly in this folder. */
async function checkoutAt(folder: string): Promise<GitPlace | undefined> {
  const root = await realPathOf(folder);
  // A submodule that is not checked out lies in the repository around it.
  return root === undefined || !existsSync(join(root, ".git")) ? undefined : findGitPlace(root);
}

/** Whether a submodule's files differ from what is committed there. */
async function isModified(repository: ScratchRepository, place: GitPlace, signal: AbortSignal): Promise<boolean> {
  const standIn = await makeStandIn(place, repository);
  const args = ["status", "--porcelain", "-z", "--ignore-submodules=dirty", "--no-renames"];
  const command = { args, doing: `reading the submodule ${place.toplevel}`, signal, config: repository.settings };
  const { exitCode, stdout } = await git(standIn.request(command, place.toplevel));
  return exitCode === 0 && stdout.length > 0;
}
