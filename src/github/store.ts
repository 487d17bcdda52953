import { withoutCredentials } from "../core/output/credentials.ts";
import type { Token, Tokens } from "../core/token.ts";
import type { GitHubContext } from "./context.ts";

export type StoreUrl = {
  readonly url: string;
  /** True when nobody chose it: then a store that can't be written is replaced by one on this machine. */
  readonly byDefault: boolean;
  /** True unless the event says that the repository is private. */
  readonly isPublic: boolean;
};

/** Where runs are kept on GitHub when nobody says: the repository itself. Undefined without a token, or where there is no repository. */
export function defaultStoreUrl(context: GitHubContext, token: string): StoreUrl | undefined {
  const { serverUrl, owner, repository, isPrivate } = context;
  if (token === "" || owner === undefined || repository === undefined) return undefined;
  if (!/^https?:\/\//.test(serverUrl)) return undefined;
  return {
    url: `git+${withoutCredentials(serverUrl)}/${owner}/${repository}`,
    byDefault: true,
    isPublic: isPrivate !== true,
  };
}

/** The token for the host of this GitHub; sent to no other host. */
export function tokensFor({ serverUrl }: Pick<GitHubContext, "serverUrl">, token: Token): Tokens {
  const host = URL.parse(serverUrl)?.host;
  return token === "" || host === undefined || host === "" ? {} : { [host]: token };
}
