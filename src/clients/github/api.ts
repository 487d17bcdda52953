import type { request } from "@octokit/request";
import { requestHttp } from "../../core/http.ts";
import { version } from "../../core/version.ts";

/** The client of GitHub's API, which is loaded when the first request is made. */
export type Api = typeof request;

/** One request, from its start to the end of its answer. */
const timeoutMs = 15_000;

/** The client of the API at this URL. A request is ended sooner by `request: { signal }`. */
export async function gitHubApi(apiUrl: string): Promise<Api> {
  const { request } = await import("@octokit/request");
  return request.defaults({
    baseUrl: apiUrl,
    headers: { "user-agent": `launch-action/${version}`, "x-github-api-version": "2022-11-28" },
    request: { fetch: send },
  });
}

type Sent = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
};

/** A token is for the host that it was asked for: nothing is followed elsewhere. */
async function send(url: string, { method, headers, body, signal }: Sent): Promise<Response> {
  const answer = await requestHttp({
    method,
    url,
    headers,
    ...(body === undefined ? {} : { body }),
    hasEffects: method !== "GET" && method !== "HEAD",
    signal: signal ?? new AbortController().signal,
    timeoutMs,
  });
  const isEmpty = answer.body.length === 0;
  const response = new Response(isEmpty ? null : new Uint8Array(answer.body), { status: answer.status });
  for (const [name, value = ""] of Object.entries(answer.headers)) response.headers.set(name, String(value));
  // Of the body as it came; it is unpacked by now.
  for (const name of ["content-encoding", "content-length"]) response.headers.delete(name);
  return response;
}
