import type { ExamineRequest, Finding } from "../core/finding.ts";
import type { Log } from "../core/output/log.ts";
import type { Tokens } from "../core/token.ts";
import type { Provenance } from "../run/provenance.ts";

/** What the spec says about where code comes from; paths are absolute, URLs as the user wrote them. */
export type SourceRequest =
  | {
      readonly kind: "checkout";
      /** A directory, in a git repository or not. Its place below the repository's root becomes `subdirectory`. */
      readonly directory: string;
      /** The folder below it that is meant, which no link may lead to. In a repository, `directory` is the root then. */
      readonly below?: string;
      readonly includeUntracked: boolean;
      /** Branch, tag or hash of this repository (local or of its remote) to run instead of what is checked out: changes of the working folder are not taken then, and the log says so. */
      readonly version?: string;
    }
  | {
      readonly kind: "remote";
      /** https, ssh, git+https, git+ssh, scp-like or (on this machine only) file URL, or a GitHub, GitLab or Bitbucket browser URL. */
      readonly url: string;
      /** Branch, tag or hash; replaces a ref in the URL. The remote's HEAD when neither says. */
      readonly version: string | undefined;
      /** `git.repo`: replaces the repository of `url`; its ref and folder stay. */
      readonly repository?: string;
      /** Instead of the folder that a browser URL names; relative to the root. */
      readonly subdirectory?: string;
      /** Applied to the fetched commit: local work that was recorded or queued with it. */
      readonly patch?: Uint8Array;
      /** The recorded tree hash: what was fetched and patched must have it, else `source-failed`. */
      readonly expectedTree?: string;
    }
  | { readonly kind: "image"; readonly image: string };

/**
 * Code that is found but not yet written anywhere: what it is (`provenance`) is known, single files can be read from git's
 * objects, and `exportTo` writes the tree. So a launch whose image exists already never makes a context.
 */
export interface CodeSource {
  readonly kind: "code";
  readonly provenance: Provenance;
  /** The patch onto `provenance.base`, when there is one (`git diff --binary --full-index`). */
  readonly patch: Uint8Array | undefined;
  /** All paths of the tree (files and symlinks), relative to its root, sorted. */
  paths(signal: AbortSignal): Promise<readonly string[]>;
  /** One file's bytes, by its path from the root; undefined when the tree has no such file. A symlink inside the tree is followed. */
  readFile(path: string, signal: AbortSignal): Promise<Buffer | undefined>;
  /** A hash of everything below a folder of the tree (names, modes, contents); "" is the root. Left out, only the whole tree has one. */
  folderHash?(folder: string): string;
  /**
   * Tries the patch on its base, for the record: one that gave another tree than this would be a lie. To be awaited before anything
   * runs; apart from resolving, so that it can go on beside a build. Throws `patch-failed`. Left out, there is nothing to try.
   */
  verify?(signal: AbortSignal): Promise<void>;
  /** Writes the tree into an empty directory, without `.git`. File modes and symlinks are kept; bytes are git's own (no line-ending conversion, no filter). */
  exportTo(directory: string, signal: AbortSignal): Promise<void>;
  /** Removes what resolving made (a fetched repository, a temporary index). */
  dispose(): Promise<void>;
}

export interface ImageSource {
  readonly kind: "image";
  readonly provenance: Provenance;
  readonly image: string;
}

export type ResolvedSource = CodeSource | ImageSource;

export type SourceContext = {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** An existing folder of this run's own for temporary repositories and indexes; the caller removes it at the end. */
  readonly scratch: string;
  /** Token for https git hosts (the action's), by host; sent as a header to that host only, never on a command line. */
  readonly tokens: Tokens;
};

/** A plug-in of this kind. Throws `source-failed` or `patch-failed`. */
export interface SourcePlugin {
  resolve(request: SourceRequest, context: SourceContext): Promise<ResolvedSource>;
  /** Looks at the tools that it needs. */
  readonly examine?: (request: ExamineRequest<never>, signal: AbortSignal) => Promise<readonly Finding[]>;
}
