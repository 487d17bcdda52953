import type { request } from "@octokit/request";
import { version } from "../core/version.ts";
import type { Environment } from "./context.ts";

/** The client of GitHub's API, which is loaded when the first request is made. */
export type Api = typeof request;

/** One request, from its start to the end of its answer. */
const timeoutMs = 15_000;

export type Place = {
  /** `https://github.com`, without a slash at its end. */
  readonly serverUrl: string;
  /** `https://api.github.com` */
  readonly apiUrl: string;
};

/** The GitHub that the environment names as Actions does; else github.com. */
export function gitHubPlace(environment: Environment): Place {
  const given = (name: string): string | undefined => {
    const text = environment[name]?.replace(/\/+$/, "");
    return text === "" ? undefined : text;
  };
  const serverUrl = given("GITHUB_SERVER_URL") ?? "https://github.com";
  const own = serverUrl === "https://github.com" ? "https://api.github.com" : `${serverUrl}/api/v3`;
  return { serverUrl, apiUrl: given("GITHUB_API_URL") ?? own };
}

export async function gitHubApi({ apiUrl }: Place): Promise<Api> {
  const { request } = await import("@octokit/request");
  return request.defaults({
    baseUrl: apiUrl,
    headers: { "user-agent": `launch-action/${version}`, "x-github-api-version": "2022-11-28" },
    request: { fetch: boundedFetch },
  });
}

/** A token is for the host that it was asked for: nothing is followed elsewhere. */
function boundedFetch(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(timeoutMs) });
}
