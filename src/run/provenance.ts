export type PatchProvenance = {
  readonly sha256: string;
  readonly bytes: number;
  /** Paths that it changes. */
  readonly files: readonly string[];
  /** Commits that no remote has and that travel in it. */
  readonly commits: number;
};

/** Where exactly the code came from; goes into the record as it is. */
export type Provenance = {
  readonly kind: "git" | "directory" | "image";
  /** Remote URL without credentials; absent when there is no remote. */
  readonly repository?: string;
  /** Branch or tag name, where one is known. */
  readonly ref?: string;
  /** The commit that was asked for: HEAD, or what `version` resolved to. */
  readonly commit?: string;
  /** The newest ancestor of `commit` that a remote has, onto which `patch` applies; `commit` itself when nothing is local or no remote has any of it. */
  readonly base?: string;
  /** Commit time of `commit`, seconds since the epoch; 0 without a repository. */
  readonly commit_time: number;
  /** Git tree hash of exactly what runs: base, patch and included untracked files; submodules count as folders, by their files. */
  readonly tree?: string;
  /** Folder below the root in which the run works; absent for the root. */
  readonly subdirectory?: string;
  readonly patch?: PatchProvenance;
  readonly untracked_included?: readonly string[];
  /** The first 1,000. */
  readonly untracked_left_out?: readonly string[];
  readonly submodules?: readonly { readonly path: string; readonly commit: string }[];
  /** Files that hold an LFS pointer instead of their content. */
  readonly lfs_pointers?: readonly string[];
  /** The image reference of an image source, as asked for. */
  readonly image?: string;
  /** False when another machine could not get this source: no remote, or no repository. */
  readonly reachable: boolean;
};

/** A source in a few words, as lists and the log show it: `3f9c2e1a7b40 + patch`, `folder digits`, `busybox:latest`. */
export function describeSource(source: Provenance): string {
  if (source.kind === "image") return source.image ?? "image";
  if (source.commit === undefined) return `folder (tree ${source.tree?.slice(0, 12) ?? "unknown"})`;
  return source.commit.slice(0, 12) + (source.patch === undefined ? "" : " + patch");
}
