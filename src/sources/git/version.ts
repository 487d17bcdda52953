import type { RemoteRefs } from "../../clients/git/remotes/list-remote.ts";
import { LaunchError } from "../../core/errors.ts";
import { type GitUrl, refFault } from "./url.ts";

/** What to fetch: `hash` is a whole one; `ref` is the full name under which the remote has it, where one is known. */
export type Version = { readonly hash: string; readonly ref: string | undefined };

export const isWholeHash = (text: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text);

/** Finds a branch, tag, full ref name or whole hash among a remote's refs; undefined when none fits. */
function find(name: string, remote: RemoteRefs): Version | undefined {
  const named = (ref: string): Version | undefined => {
    const found = remote.refs.find((candidate) => candidate.name === ref);
    return found === undefined ? undefined : { hash: found.hash, ref };
  };
  if (name.startsWith("refs/")) return named(name);
  const branch = named(`refs/heads/${name}`);
  const tag = named(`refs/tags/${name}`);
  if (branch !== undefined && tag !== undefined && branch.hash !== tag.hash) {
    throw new LaunchError(
      "source-failed",
      `"${name}" is both a branch and a tag, of different commits; say refs/heads/${name} or refs/tags/${name}`,
    );
  }
  if (branch !== undefined || tag !== undefined) return branch ?? tag;
  if (name === "HEAD") return headOf(remote);
  return isWholeHash(name) ? byHash(name.toLowerCase(), remote) : undefined;
}

function byHash(hash: string, remote: RemoteRefs): Version {
  return { hash, ref: remote.refs.find((candidate) => candidate.hash === hash)?.name };
}

function headOf(remote: RemoteRefs): Version | undefined {
  const head = remote.refs.find((candidate) => candidate.name === "HEAD");
  const branch = remote.refs.find((candidate) => candidate.name === remote.head);
  const hash = head?.hash ?? branch?.hash;
  return hash === undefined ? undefined : { hash, ref: remote.head };
}

/** The version that a name asks for. Throws `source-failed` in words when the remote has no such thing. */
export function resolveVersion(name: string | undefined, remote: RemoteRefs, url: string): Version {
  const found = find(name ?? "HEAD", remote);
  if (found !== undefined) return found;
  if (name === undefined) {
    throw new LaunchError("source-failed", `${url} has no HEAD to take (is it empty?); give a version`);
  }
  if (/^[0-9a-f]{4,63}$/i.test(name)) {
    const matches = remote.refs.filter((candidate) => candidate.hash.startsWith(name.toLowerCase()));
    const hashes = new Set(matches.map((candidate) => candidate.hash));
    const [first] = matches;
    if (first !== undefined && hashes.size === 1) return { hash: first.hash, ref: first.name };
    throw new LaunchError(
      "source-failed",
      `"${name}" is an abbreviated hash that ${hashes.size === 0 ? "no branch or tag" : "more than one ref"} of ${url} begins with; a remote can't look up a part of a hash: give the whole one`,
    );
  }
  throw new LaunchError("source-failed", `${url} has no branch or tag "${name}"; check its name, or give a whole hash`);
}

/** Divides `feature/x/sub/dir` of a browser URL: the longest beginning that is a ref, and the folder after it. */
export function divideRefAndPath(
  text: string,
  remote: RemoteRefs | undefined,
): { readonly ref: string; readonly path: string } {
  const segments = text.split("/");
  for (let count = segments.length; count > 0 && remote !== undefined; count--) {
    const ref = segments.slice(0, count).join("/");
    if (remote.refs.some(({ name }) => name === `refs/heads/${ref}` || name === `refs/tags/${ref}`)) {
      return { ref, path: segments.slice(count).join("/") };
    }
  }
  // No ref of this name: the first part is a hash, or will be named in the error.
  return { ref: segments[0] ?? "", path: segments.slice(1).join("/") };
}

/** What a URL and a `version` ask for together; `version` replaces the URL's ref, and the URL's folder stays. */
export type Wanted = { readonly name: string | undefined; readonly subdirectory: string | undefined };

export function wantedOf(url: GitUrl, version: string | undefined, remote: RemoteRefs | undefined): Wanted {
  const { target } = url;
  if (target.kind !== "ref-and-path") {
    return { name: version ?? (target.kind === "ref" ? target.ref : undefined), subdirectory: undefined };
  }
  const { ref, path } = divideRefAndPath(target.text, remote);
  const folder = target.file ? path.split("/").slice(0, -1).join("/") : path;
  return { name: version ?? ref, subdirectory: folder === "" ? undefined : folder };
}

/** Refuses a name that no ref can have before git sees it. */
export function checkVersion(name: string): void {
  const fault = refFault(name);
  if (fault !== undefined) {
    throw new LaunchError(
      "source-failed",
      `the version ${JSON.stringify(name)} ${fault}; give a branch, a tag or a whole hash`,
    );
  }
}
