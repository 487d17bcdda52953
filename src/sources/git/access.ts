import { withoutCredentials } from "../../core/output/credentials.ts";
import { redirectedUrl } from "../../clients/git/remotes/info-refs.ts";
import { listRemote, type RemoteAnswer, type RemoteRefs } from "../../clients/git/remotes/list-remote.ts";
import {
  basicAuthorization,
  type RemoteAccess,
  tokenAuthorization,
  transportsFrom,
} from "../../clients/git/remotes/remote-access.ts";
import type { ScratchRepository } from "../../clients/git/scratch-repository.ts";
import { LaunchError } from "../../core/errors.ts";
import { type Tokens, tokenText } from "../../core/token.ts";
import type { GitUrl } from "./url.ts";

/** The ways to a remote, the best first: credentials in the URL, the token for its host, then whatever git itself has. */
export async function accessesTo(
  url: GitUrl,
  { tokens, signal }: { readonly tokens: Tokens; readonly signal: AbortSignal },
): Promise<readonly RemoteAccess[]> {
  const own: RemoteAccess = { url: url.url, authorization: undefined, protocols: transportsFrom(url.transport) };
  if (url.transport !== "https" && url.transport !== "http") return [own];
  const { credential } = url;
  if (credential !== undefined)
    return [{ ...own, authorization: basicAuthorization(credential.user, credential.password) }];
  const token = Object.hasOwn(tokens, url.host) ? tokens[url.host] : undefined;
  if (token === undefined || token === "") return [own];
  return [{ ...own, authorization: tokenAuthorization(url.url, await tokenText(token, signal)) }, own];
}

export type OpenRemote = { readonly access: RemoteAccess; readonly refs: RemoteRefs };

/** Lists a remote's refs by the first access that works. Throws `source-failed` with what git said and what to do. */
export async function openRemote(
  repository: ScratchRepository,
  { url, patterns }: { readonly url: GitUrl; readonly patterns: readonly string[] },
  context: { readonly tokens: Tokens; readonly signal: AbortSignal },
): Promise<OpenRemote> {
  const { signal } = context;
  const accesses = await accessesTo(url, context);
  let said: string | undefined;
  for (const access of accesses) {
    let tried = access;
    let answer: RemoteAnswer<RemoteRefs> = await listRemote(repository, { access: tried, patterns }, signal);
    if (answer.kind === "failed" && access.authorization !== undefined) {
      const moved = await redirectedUrl(access, signal);
      if (moved !== undefined) {
        tried = { ...access, url: moved };
        answer = await listRemote(repository, { access: tried, patterns }, signal);
      }
    }
    if (answer.kind === "ok") return { access: tried, refs: answer.value };
    said ??= answer.said;
  }
  throw unreachable(url, said ?? "", accesses[0]?.authorization !== undefined);
}

function unreachable(url: GitUrl, said: string, withCredential: boolean): LaunchError {
  const advice =
    url.transport === "file"
      ? "give the path of a repository on this machine"
      : url.transport === "ssh"
        ? "check that the ssh agent holds a key that the host accepts and that the host is in known_hosts"
        : withCredential
          ? `check the URL, and that the credential given for ${url.host} may read it`
          : `check the URL; if it is private, give a token for ${url.host} or set up a git credential helper`;
  return new LaunchError(
    "source-failed",
    `the repository ${withoutCredentials(url.url)} could not be read (${said}); ${advice}`,
  );
}
