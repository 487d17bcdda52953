import type { Token, Tokens } from "../core/token.ts";
import type { Environment } from "./context.ts";

/** One GitHub: where people and git reach it, and where its API is. */
export type GitHubPlace = {
  /** `https://github.com`, without a slash at its end. */
  readonly serverUrl: string;
  /** `https://api.github.com` */
  readonly apiUrl: string;
};

/** The GitHub that the environment names as Actions does; else github.com. */
export function gitHubPlace(environment: Environment): GitHubPlace {
  const given = (name: string): string | undefined => {
    const text = environment[name]?.replace(/\/+$/, "");
    return text === "" ? undefined : text;
  };
  const serverUrl = given("GITHUB_SERVER_URL") ?? "https://github.com";
  const own = serverUrl === "https://github.com" ? "https://api.github.com" : `${serverUrl}/api/v3`;
  return { serverUrl, apiUrl: given("GITHUB_API_URL") ?? own };
}

/** The token for this GitHub; undefined where there is none. */
export function tokenAt({ serverUrl }: GitHubPlace, tokens: Tokens): Token | undefined {
  return tokens[URL.parse(serverUrl)?.host ?? ""];
}
