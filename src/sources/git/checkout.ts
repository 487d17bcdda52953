import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { applyPatch, changedPaths, diffTrees, type TreePair } from "../../clients/git/patch.ts";
import { createScratchRepository, type ScratchRepository } from "../../clients/git/scratch-repository.ts";
import { differingPaths, listTree, type ListedEntry } from "../../clients/git/objects/list-tree.ts";
import { formatCommandLine } from "../../core/command-line.ts";
import { LaunchError } from "../../core/errors.ts";
import { say } from "../../core/output/said.ts";
import type { CodeSource, SourceContext, SourceRequest } from "../source.ts";
import type { PatchProvenance, Provenance } from "../../run/provenance.ts";
import { accessesTo } from "./access.ts";
import { type Base, findBase } from "./base.ts";
import { codeSourceOf, describePatch, firstOf } from "./code-source.ts";
import { type Inspection, inspectCheckout, inspectVersion } from "./work-tree/inspection.ts";
import { resolveRemote } from "./remote.ts";
import { chooseRemote, fetchableUrl, isLocalPath } from "./remotes.ts";
import { parseGitUrl } from "./url.ts";
import { type Checkout, type CheckoutRequest, leftOutOf, warnOfLeftOut } from "./left-out.ts";
import { type FoundTree, includeSubmodules, localSubmodules } from "./submodules.ts";
import { watchingForPipes } from "./work-tree/pipe-watch.ts";
import { treeOfFolder, treeOfWorkingTree } from "./work-tree/working-tree.ts";

/** The commit that is checked out, with what has changed since the newest commit that a remote has as one patch. */
export async function resolveCheckout(request: CheckoutRequest, context: SourceContext): Promise<CodeSource> {
  const { directory } = request;
  const source = await watchingForPipes(directory, context.signal, (signal) =>
    findCheckout(request, { ...context, signal }),
  );
  return {
    ...source,
    exportTo: (target, signal) => watchingForPipes(directory, signal, (watched) => source.exportTo(target, watched)),
  };
}

async function findCheckout(request: CheckoutRequest, context: SourceContext): Promise<CodeSource> {
  const repository = await createScratchRepository(join(context.scratch, "source.git"), "sha1");
  try {
    const inspection = await inspectCheckout(request, repository, context.signal);
    if (inspection?.format === "sha256") await repository.useFormat("sha256");
    if (inspection === undefined) return await resolveFolder(request, repository, context);
    if (request.version === undefined) return await resolveRepository(repository, { request, inspection }, context);
    context.log.info(say`version ${request.version} is given, so changes of the working folder are not taken`);
    const other = await inspectVersion(inspection, request.version, context.signal);
    if (other !== undefined) return await resolveRepository(repository, { request, inspection: other }, context);
    await repository.remove();
    return await resolveRemote(remoteOf(inspection, request.version), context);
  } catch (error) {
    await repository.remove();
    throw error;
  }
}

/** The repository's remote, for a version that isn't here. */
function remoteOf(
  { remotes, status, subdirectory, toplevel }: Inspection,
  version: string,
): Extract<SourceRequest, { readonly kind: "remote" }> {
  const name = chooseRemote(remotes, status.branch, [...remotes.urls.keys()]);
  const url = name === undefined ? undefined : remotes.urls.get(name);
  if (url === undefined) {
    throw new LaunchError(
      "source-failed",
      `the repository ${toplevel} has no branch, tag or commit "${version}", and no remote to get it from`,
    );
  }
  // Its configuration may have come with the folder, and name any other of this machine.
  if (isLocalPath(url)) {
    const fetched = formatCommandLine(["git", "-C", toplevel, "fetch", name ?? ""]);
    throw new LaunchError(
      "refused",
      `the repository ${toplevel} has no branch, tag or commit "${version}", and its remote is a folder of this machine, ${url}: ${fetched} gets it from there`,
    );
  }
  return {
    kind: "remote",
    url: fetchableUrl(url, toplevel),
    version,
    ...(subdirectory === "" ? {} : { subdirectory }),
  };
}

async function resolveFolder(
  { directory, below = "", version }: CheckoutRequest,
  repository: ScratchRepository,
  context: SourceContext,
): Promise<CodeSource> {
  if (version !== undefined) {
    throw new LaunchError("source-failed", `${directory} is in no repository, so it has no version "${version}"`);
  }
  const folder = await realpath(directory);
  const tree = await treeOfFolder(repository, { root: folder, below }, context.signal);
  const entries = await listTree(repository, tree, context.signal);
  const whole = await withLocalSubmodules(repository, { tree, entries, folder: join(folder, below) }, context);
  const provenance: Provenance = { kind: "directory", commit_time: 0, reachable: false, ...whole.provenance };
  return codeSourceOf({ repository, ...whole.code, patch: undefined, provenance }, context);
}

async function resolveRepository(
  repository: ScratchRepository,
  checkout: Checkout,
  context: SourceContext,
): Promise<CodeSource> {
  const { inspection } = checkout;
  const { status, head, subdirectory } = inspection;
  const { signal } = context;
  refuseUnmerged(status.unmerged);
  await repository.borrow([inspection.files.objects]);
  await completePartialClone(inspection, repository, context);
  const [base, tree] = await Promise.all([
    head === undefined ? undefined : findBase(inspection, head, signal),
    currentTree(repository, checkout, signal),
  ]);
  const listing = head?.tree === tree ? head.entries : listTree(repository, tree, signal);
  const [entries, patch] = await Promise.all([
    listing,
    base === undefined ? undefined : patchSince(repository, { base, tree, listing, head }, signal),
  ]);
  warnOfLeftOut(checkout, context);
  const whole = await withLocalSubmodules(repository, { tree, entries, folder: inspection.toplevel }, context);
  const provenance: Provenance = {
    kind: "git",
    ...(base?.repository === undefined ? {} : { repository: base.repository }),
    ...ifDefined("ref", base === undefined ? status.branch : base.ref),
    ...(head === undefined || base === undefined ? {} : { commit: head.commit, base: base.commit }),
    commit_time: head?.time ?? 0,
    ...(subdirectory === "" ? {} : { subdirectory }),
    ...(patch === undefined ? {} : { patch: patch.provenance }),
    ...leftOutOf(checkout),
    ...whole.provenance,
    reachable: base?.reachable ?? false,
  };
  const found = { repository, ...whole.code, patch: patch?.bytes, provenance };
  return codeSourceOf(patch === undefined ? found : { ...found, tryPatch: patch.tryIt }, context);
}

/** A partial clone (as actions/checkout makes for a sparse checkout) hasn't got every file: git fetches those that are read. */
async function completePartialClone(
  { remotes, toplevel }: Inspection,
  repository: ScratchRepository,
  context: SourceContext,
): Promise<void> {
  const configured = remotes.promisor === undefined ? undefined : remotes.urls.get(remotes.promisor);
  if (configured === undefined) return;
  const url = parseGitUrl(fetchableUrl(configured, toplevel));
  const [access] = url.kind === "git" ? await accessesTo(url, context) : [];
  if (access !== undefined) await repository.completeFrom(access);
}

function ifDefined(key: "ref", value: string | undefined): { readonly ref?: string } {
  return value === undefined ? {} : { [key]: value };
}

/** The tree of what runs, before submodules: HEAD's own when nothing has changed, which costs no process. */
async function currentTree(
  repository: ScratchRepository,
  { request, inspection }: Checkout,
  signal: AbortSignal,
): Promise<string> {
  const { status, head } = inspection;
  const untracked = request.includeUntracked ? status.untracked : [];
  const unchanged = !status.staged && status.changed.length === 0 && untracked.length === 0;
  if (head !== undefined && unchanged) return head.tree;
  return treeOfWorkingTree(repository, { inspection, untracked }, signal);
}

type Difference = {
  readonly base: Base;
  /** What runs, and its entries. */
  readonly tree: string;
  readonly listing: readonly ListedEntry[] | Promise<readonly ListedEntry[]>;
  readonly head: Inspection["head"];
};

type Patch = {
  readonly bytes: Buffer;
  readonly provenance: PatchProvenance;
  readonly tryIt: (signal: AbortSignal) => Promise<void>;
};

/** The patch from the base, where there is a difference. */
async function patchSince(
  repository: ScratchRepository,
  { base: { commit, commits }, tree, listing, head }: Difference,
  signal: AbortSignal,
): Promise<Patch | undefined> {
  const baseEntries = commit === head?.commit ? head.entries : undefined;
  if (baseEntries !== undefined && tree === head?.tree) return undefined;
  const [bytes, files] = await Promise.all([
    diffTrees(repository, { base: commit, tree }, signal),
    baseEntries === undefined
      ? changedPaths(repository, { base: commit, tree }, signal)
      : Promise.resolve(listing).then((entries) => differingPaths(baseEntries, entries)),
  ]);
  if (bytes.length === 0) return undefined;
  return {
    bytes,
    provenance: describePatch(bytes, files, commits),
    tryIt: (trying) => tryPatch(repository, { base: commit, patch: bytes, tree }, trying),
  };
}

/** A recorded patch that gave another tree would be a lie. */
async function tryPatch(
  repository: ScratchRepository,
  { base, patch, tree }: TreePair & { readonly patch: Uint8Array },
  signal: AbortSignal,
): Promise<void> {
  const result = await applyPatch(repository, { base, patch }, signal);
  if (result === tree) return;
  throw new LaunchError(
    "patch-failed",
    `the patch onto ${base.slice(0, 12)} gives the tree ${result}, not the checkout's ${tree}; commit and push the changes instead`,
  );
}

async function withLocalSubmodules(
  repository: ScratchRepository,
  { folder, ...found }: FoundTree & { readonly folder: string },
  context: SourceContext,
): Promise<{
  readonly code: FoundTree;
  readonly provenance: Pick<Provenance, "submodules">;
}> {
  const home = localSubmodules(repository, folder, context);
  const { submodules, ...code } = await includeSubmodules(repository, { ...found, home }, context.signal);
  return { code, provenance: submodules.length === 0 ? {} : { submodules } };
}

function refuseUnmerged(paths: readonly string[]): void {
  if (paths.length === 0) return;
  throw new LaunchError(
    "source-failed",
    `the checkout has unresolved conflicts in ${firstOf(paths)}; resolve them, or abort the merge`,
  );
}
