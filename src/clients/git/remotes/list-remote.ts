import { withoutCredentials } from "../../../core/output/credentials.ts";
import { wordsOf } from "../git.ts";
import type { Repository } from "../repository.ts";
import { type RemoteAccess, remoteGit } from "./remote-access.ts";

export type RemoteRef = {
  readonly name: string;
  /** Of the commit, also where the ref is an annotated tag. */
  readonly hash: string;
};

export type RemoteRefs = {
  readonly refs: readonly RemoteRef[];
  /** The ref that HEAD points to, where the remote says. */
  readonly head: string | undefined;
};

/** Outcome of asking a remote: what it gave, or what git said. */
export type RemoteAnswer<T> =
  { readonly kind: "ok"; readonly value: T } | { readonly kind: "failed"; readonly said: string };

/** Lists a remote's branches and tags (or only what `patterns` name) and where its HEAD points, by git: for a host of any kind. */
export async function listRemote(
  repository: Repository,
  { access, patterns }: { readonly access: RemoteAccess; readonly patterns: readonly string[] },
  signal: AbortSignal,
): Promise<RemoteAnswer<RemoteRefs>> {
  // --heads --tags lets the server leave the rest out: big hosts keep a ref for every pull request.
  const which = patterns.length === 0 ? ["--heads", "--tags"] : [];
  const result = await remoteGit(repository, access, {
    args: ["ls-remote", "--symref", ...which, "--", access.url, ...patterns],
    doing: `listing the refs of ${withoutCredentials(access.url)}`,
    signal,
    timeoutMs: 2 * 60_000,
  });
  if (result.exitCode !== 0) return { kind: "failed", said: wordsOf(result.stderr) };
  let head: string | undefined;
  const refs = new Map<string, string>();
  for (const line of result.stdout.toString().split("\n")) {
    const [value = "", name = ""] = line.split("\t");
    if (value.startsWith("ref: ")) {
      if (name === "HEAD") head = value.slice("ref: ".length);
    } else if (name !== "") {
      refs.set(name.replace(/\^\{\}$/, ""), value);
    }
  }
  return { kind: "ok", value: { head, refs: [...refs].map(([name, hash]) => ({ name, hash })) } };
}
