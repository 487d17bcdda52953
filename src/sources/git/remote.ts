import { join } from "node:path";
import { applyPatch, changedPaths } from "../../clients/git/patch.ts";
import { createScratchRepository, type ScratchRepository, scratchGit } from "../../clients/git/scratch-repository.ts";
import { listTree, type ListedEntry } from "../../clients/git/objects/list-tree.ts";
import { LaunchError } from "../../core/errors.ts";
import { withoutCredentials } from "../../core/output/credentials.ts";
import type { CodeSource, SourceContext, SourceRequest } from "../source.ts";
import type { PatchProvenance, Provenance } from "../../run/provenance.ts";
import { openRemote } from "./access.ts";
import { codeSourceOf, describePatch } from "./code-source.ts";
import { type FetchedCommit, fetchHash, fetchVersion, formatOf } from "./commit.ts";
import { remoteSubmodules } from "./remote-submodules.ts";
import { includeSubmodules, type WithSubmodules } from "./submodules.ts";
import { type GitUrl, parseGitUrl } from "./url.ts";
import { checkVersion, isWholeHash, resolveVersion, wantedOf } from "./version.ts";

type RemoteRequest = Extract<SourceRequest, { readonly kind: "remote" }>;

/** One commit of a remote repository, without its history; with a recorded patch on it, when the request has one. */
export async function resolveRemote(request: RemoteRequest, context: SourceContext): Promise<CodeSource> {
  const url = urlOf(request);
  const repository = await createScratchRepository(join(context.scratch, "source.git"), "sha1");
  try {
    return await resolveIn(repository, { request, url }, context);
  } catch (error) {
    await repository.remove();
    throw error;
  }
}

/** The URL, with `git.repo`'s repository in place of its own. */
function urlOf(request: RemoteRequest): GitUrl {
  const url = parseOrThrow(request.url);
  if (request.repository === undefined) return url;
  const other = parseOrThrow(request.repository);
  return url.target.kind === "default" ? other : { ...other, target: url.target };
}

function parseOrThrow(text: string): GitUrl {
  const url = parseGitUrl(text);
  if (url.kind === "git") return url;
  const shown = JSON.stringify(withoutCredentials(text));
  const why = url.kind === "refused" ? url.why : "is no git URL; https, ssh, file and user@host:path are understood";
  throw new LaunchError("source-failed", `the repository ${shown} ${why}`);
}

async function resolveIn(
  repository: ScratchRepository,
  { request, url }: { readonly request: RemoteRequest; readonly url: GitUrl },
  context: SourceContext,
): Promise<CodeSource> {
  const { signal } = context;
  const { fetched, subdirectory } = await fetchWanted(repository, { url, version: request.version }, context);
  const { commit } = fetched;
  const [tree = "", time = ""] = (
    await scratchGit(repository, {
      args: ["log", "-1", "--format=%T %ct", commit],
      doing: "reading the commit",
      signal,
    })
  )
    .toString()
    .trim()
    .split(" ");
  const patched = await patchedTree(repository, { base: tree, patch: request.patch }, signal);
  const found = { tree: patched.tree, entries: await listTree(repository, patched.tree, signal) };
  const whole = await includeSubmodules(
    repository,
    { ...found, home: remoteSubmodules(repository, url, context) },
    signal,
  );
  const { submodules, ...code } = checkTree(request.expectedTree, found, whole);
  const folder = request.subdirectory ?? subdirectory;
  const provenance: Provenance = {
    kind: "git",
    repository: withoutCredentials(url.url),
    ...(fetched.ref === undefined ? {} : { ref: fetched.ref.replace(/^refs\/(?:heads|tags)\//, "") }),
    commit,
    base: commit,
    commit_time: Number(time),
    ...(folder === undefined || folder === "" ? {} : { subdirectory: folder }),
    ...(patched.provenance === undefined ? {} : { patch: patched.provenance }),
    ...(submodules.length === 0 ? {} : { submodules }),
    reachable: url.transport !== "file",
  };
  return codeSourceOf({ repository, ...code, patch: request.patch, provenance }, context);
}

async function patchedTree(
  repository: ScratchRepository,
  { base, patch }: { readonly base: string; readonly patch: Uint8Array | undefined },
  signal: AbortSignal,
): Promise<{ readonly tree: string; readonly provenance: PatchProvenance | undefined }> {
  if (patch === undefined || patch.length === 0) return { tree: base, provenance: undefined };
  const tree = await applyPatch(repository, { base, patch }, signal);
  return { tree, provenance: describePatch(patch, await changedPaths(repository, { base, tree }, signal), 0) };
}

/** Compares with the recorded tree. That was made without submodules where they weren't checked out; so may this one be. */
function checkTree(
  expected: string | undefined,
  bare: { readonly tree: string; readonly entries: readonly ListedEntry[] },
  whole: WithSubmodules,
): WithSubmodules {
  if (expected === undefined || expected === whole.tree) return whole;
  if (expected === bare.tree) return { ...bare, submodules: [] };
  throw new LaunchError(
    "source-failed",
    `the fetched and patched source has the tree ${whole.tree}, but ${expected} was recorded; it is not what ran then`,
  );
}

async function fetchWanted(
  repository: ScratchRepository,
  { url, version }: { readonly url: GitUrl; readonly version: string | undefined },
  context: SourceContext,
): Promise<{ readonly fetched: FetchedCommit; readonly subdirectory: string | undefined }> {
  if (version !== undefined) checkVersion(version);
  const early = wantedOf(url, version, undefined);
  if (early.name !== undefined) checkVersion(early.name);
  if (url.target.kind !== "ref-and-path" && early.name !== undefined && isWholeHash(early.name)) {
    const fetched = await fetchHash(repository, { url, hash: early.name.toLowerCase() }, context);
    return { fetched, subdirectory: undefined };
  }
  const open = await openRemote(repository, { url, patterns: patternsFor(url, early.name) }, context);
  const wanted = wantedOf(url, version, open.refs);
  const target = resolveVersion(wanted.name, open.refs, url.url);
  await repository.useFormat(formatOf(target.hash));
  const exact = wanted.name !== undefined && isWholeHash(wanted.name);
  const fetched = await fetchVersion(repository, { url, access: open.access, version: target, exact }, context);
  return { fetched, subdirectory: wanted.subdirectory };
}

/** Which refs to ask for: nothing but the wanted one when its full name is known, else branches and tags. */
function patternsFor(url: GitUrl, name: string | undefined): readonly string[] {
  if (url.target.kind === "ref-and-path") return [];
  if (name === undefined || name === "HEAD") return ["HEAD"];
  return name.startsWith("refs/") ? [name, `${name}^{}`] : [];
}
