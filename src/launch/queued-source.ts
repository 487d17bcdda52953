import { pathToFileURL } from "node:url";
import { formatCommandLine } from "../core/command-line.ts";
import { LaunchError } from "../core/errors.ts";
import { maxPatchBytes } from "../run/bounds.ts";
import type { Provenance } from "../run/provenance.ts";
import type { ResolvedSource, SourceRequest } from "../sources/source.ts";
import { formatBytes } from "../reporting/words.ts";
import { isUrl } from "../core/url.ts";
import type { QueuedSource } from "../run/record.ts";
import { allowedAt, type AllowedFolders, allowedUrl, type Allowance } from "../sources/named-folder.ts";

/*
 * A queued run's code is fetched by the agent that takes it. So it must be where the agent can reach it: a remote has the commit, and
 * what is local travels as a patch with the run; or the store is of this machine, and so is the agent.
 */

export type SourcePlace = {
  /** Absolute, without symlinks; what the spec's `uri` names. */
  readonly directory: string;
  readonly includeUntracked: boolean;
  readonly host: string;
  /** The store is a folder of this machine, so the agents are here too. */
  readonly storeIsHere: boolean;
};

/** Where an agent gets the code from. Throws `refused` with what to push, when it could not reach it. */
export function queuedSourceOf(source: ResolvedSource, place: SourcePlace): QueuedSource {
  if (source.kind === "image") return { kind: "image", image: source.image };
  const { provenance, patch } = source;
  if (patch !== undefined && patch.length > maxPatchBytes) throw tooLarge(provenance, patch.length);
  const { repository, base, commit, tree, subdirectory } = provenance;
  const version = base ?? commit;
  const where = {
    ...(subdirectory === undefined ? {} : { subdirectory }),
    ...(tree === undefined ? {} : { tree }),
  };
  if (provenance.reachable && repository !== undefined && version !== undefined) {
    return { kind: "remote", url: repository, version, ...where };
  }
  if (!place.storeIsHere) throw unreachable(provenance, place);
  if (provenance.kind === "git" && version !== undefined) {
    const root = rootOf(place.directory, subdirectory);
    return { kind: "remote", url: pathToFileURL(root).href, version, ...where };
  }
  const { directory: path, includeUntracked: include_untracked, host } = place;
  return { kind: "directory", path, host, include_untracked, ...(tree === undefined ? {} : { tree }) };
}

/** The repository's root: the run's folder without its place below it. */
function rootOf(directory: string, subdirectory: string | undefined): string {
  return subdirectory === undefined ? directory : directory.slice(0, -subdirectory.length - 1);
}

export type AgentPlace = {
  readonly host: string;
  /** The store is a folder of this machine that only this user may write to. */
  readonly storeIsOwn: boolean;
  /** Folders of this machine that the agent's launch config allows. */
  readonly allowed: AllowedFolders;
};

/**
 * What an agent resolves. A run of a store that others write to may name no folder and no file of the agent's machine but those that the
 * launch config allows.
 */
export function sourceRequestOfQueued(
  source: QueuedSource,
  patch: Uint8Array | undefined,
  place: AgentPlace,
): SourceRequest {
  if (source.kind === "image") return { kind: "image", image: source.image };
  if (source.kind === "directory") {
    const allowance = allowanceOf(source.path, place, allowedAt);
    if (source.host !== place.host || allowance.kind === "refused") {
      const why = source.host === place.host && allowance.kind === "refused" ? allowance.why : undefined;
      throw new LaunchError(
        "refused",
        `its code is the folder ${source.path} of ${source.host}, out of this agent's reach; ${why ?? "allow.sources of the agent's launch config may name folders of its machine"}`,
      );
    }
    return { kind: "checkout", directory: allowance.path, includeUntracked: source.include_untracked };
  }
  const allowance = allowanceOf(source.url, place, allowedUrl);
  if (!isUrl(source.url) || allowance.kind === "refused") {
    const why = allowance.kind === "refused" && allowance.why !== undefined ? `: ${allowance.why}` : "";
    throw new LaunchError(
      "refused",
      `its code is in ${source.url}, which an agent of this store doesn't fetch from${why}`,
    );
  }
  return {
    kind: "remote",
    url: source.url,
    version: source.version,
    ...(source.subdirectory === undefined ? {} : { subdirectory: source.subdirectory }),
    ...(patch === undefined ? {} : { patch }),
    ...(source.tree === undefined ? {} : { expectedTree: source.tree }),
  };
}

type Asking = (place: string, allowed: AllowedFolders) => Allowance;

function allowanceOf(place: string, { storeIsOwn, allowed }: AgentPlace, ask: Asking): Allowance {
  return storeIsOwn ? { kind: "allowed", path: place } : ask(place, allowed);
}

/** A folder may have changed since it was queued, and is not what was asked for then. Throws `source-failed`. */
export function checkQueuedTree(source: QueuedSource, { provenance }: ResolvedSource): void {
  if (source.kind !== "directory" || source.tree === undefined || source.tree === provenance.tree) return;
  throw new LaunchError(
    "source-failed",
    `the folder ${source.path} has changed since the run was queued; queue it again, or keep the code in git`,
  );
}

function tooLarge({ base, commit }: Provenance, bytes: number): LaunchError {
  const onto = (base ?? commit ?? "").slice(0, 12);
  return new LaunchError(
    "refused",
    `what is local makes a patch of ${formatBytes(bytes)} onto ${onto}, and a queued run carries at most ${formatBytes(maxPatchBytes)}; commit it and git push`,
  );
}

function unreachable(provenance: Provenance, { directory }: SourcePlace): LaunchError {
  const { kind, repository, ref } = provenance;
  if (kind !== "git") {
    return new LaunchError(
      "refused",
      `${directory} is in no git repository, so no agent could get it; put it into one and git push, or use a store of this machine`,
    );
  }
  const what = repository === undefined ? "has no remote" : `has nothing of it in ${repository}`;
  const push =
    repository === undefined
      ? "add one and git push"
      : formatCommandLine(["git", "push", "-u", "origin", ref ?? "HEAD"]);
  return new LaunchError(
    "refused",
    `no agent could get the code of ${directory}: its repository ${what}; ${push}, or use a store of this machine`,
  );
}
