import type { CommandResult } from "../../../core/process.ts";
import { type Token, tokenText } from "../../../core/token.ts";
import { git, type GitConfig } from "../git.ts";
import { inRepository, type Repository, type RepositoryCommand } from "../repository.ts";

/* How a remote is reached: what it is told of who asks, and what git may do on the way. */

export type Transport = "https" | "http" | "ssh" | "file";

export type Remote = {
  readonly url: string;
  /** For http(s): replaces whatever git would send of its own. */
  readonly token: Token | undefined;
};

export type RemoteAccess = {
  /** Without a password. */
  readonly url: string;
  /** Value of an Authorization header for the URL's own host; absent: git's own credentials (helpers, ssh agent). */
  readonly authorization: string | undefined;
  /** The only protocols that git may speak for it. */
  readonly protocols: readonly Transport[];
};

/** The Authorization header of a user and a password. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** That of a token: with the user name that its host wants beside it. GitHub's is taken by GitLab and Gitea too, which look at the token alone. */
export function tokenAuthorization(url: string, token: string): string {
  const user = URL.parse(url)?.host === "bitbucket.org" ? "x-token-auth" : "x-access-token";
  return basicAuthorization(user, token);
}

/** What a remote may lead to, by a redirect, a submodule or the user's rewriting of URLs: never to something nearer to this machine than itself. */
const reach: Readonly<Record<Transport, readonly Transport[]>> = {
  https: ["https", "ssh"],
  ssh: ["https", "ssh"],
  http: ["https", "ssh", "http"],
  file: ["https", "ssh", "http", "file"],
};

export const transportsFrom = (transport: Transport): readonly Transport[] => reach[transport];

/**
 * The access to a remote that the user has chosen, with its token as it is now; the user's `url.*.insteadOf` may lead anywhere. Throws when
 * there is none to be had.
 */
export async function accessTo({ url, token }: Remote, signal: AbortSignal): Promise<RemoteAccess> {
  const protocols = transportsFrom("file");
  const authorization = token === undefined ? undefined : tokenAuthorization(url, await tokenText(token, signal));
  return { url, authorization, protocols };
}

/**
 * The header goes through the environment, bound to the URL's origin, behind an empty value that drops headers of the user's own
 * configuration (hosts refuse two authorizations), and then no credential helper is asked. With it redirects are off: git would send
 * the header to wherever one leads.
 */
export function accessConfig({ url, authorization }: RemoteAccess): GitConfig {
  const common = [
    ["credential.interactive", "never"],
    ["protocol.version", "2"],
    ["submodule.recurse", "false"],
  ] as const;
  if (authorization === undefined) return common;
  const key = `http.${new URL(url).origin}/.extraHeader`;
  return [
    ...common,
    [key, ""],
    [key, `Authorization: ${authorization}`],
    ["credential.helper", ""],
    ["http.followRedirects", "false"],
  ];
}

export type RemoteCommand = Omit<RepositoryCommand, "cwd" | "env"> & { readonly timeoutMs: number };

/** Runs a git command that speaks to a remote. */
export function remoteGit(
  repository: Repository,
  access: RemoteAccess,
  command: RemoteCommand,
): Promise<CommandResult> {
  return git(
    inRepository(repository, {
      ...command,
      config: [...(command.config ?? []), ...accessConfig(access)],
      // Stronger than any protocol.*.allow of the user's: a URL of the remote's choosing (a submodule) can't widen it.
      env: { GIT_ALLOW_PROTOCOL: access.protocols.join(":"), GIT_PROTOCOL_FROM_USER: "0" },
    }),
  );
}
