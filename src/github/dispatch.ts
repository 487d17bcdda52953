import { z } from "zod";
import { gitHubApi } from "../clients/github/api.ts";
import { messageOf } from "../core/errors.ts";
import { refuseToken, type Tokens, tokenText } from "../core/token.ts";
import type { Environment, GitHubContext } from "./context.ts";
import { gitHubPlace, tokenAt } from "./place.ts";

export type Dispatch = {
  readonly context: GitHubContext;
  readonly environment: Environment;
  /** The one for this GitHub is sent: an App's where there is one, else the job's. */
  readonly tokens: Tokens;
  /** The workflow's file name: `agent.yml`. */
  readonly workflow: string;
};

/** With what it takes to get a token. */
const timeoutMs = 15_000;

/** What GitHub has answered; an error without an answer has none. */
const answerSchema = z.object({ response: z.object({ status: z.int() }) });

/**
 * Starts a workflow that has `workflow_dispatch`, on the default branch. Undefined when GitHub has taken it, else what it said: the
 * workflow would have been started later anyway, so this is no reason to fail.
 */
export async function dispatchWorkflow(
  { context, environment, tokens, workflow }: Dispatch,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { owner, repository, defaultBranch } = context;
  if (owner === undefined || repository === undefined) return "this job is of no repository";
  const place = gitHubPlace(environment);
  const token = tokenAt(place, tokens);
  if (token === undefined) return `there is no token for ${place.serverUrl}`;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let text = "";
  try {
    text = await tokenText(token, limit);
    const api = await gitHubApi(place.apiUrl);
    const { status } = await api("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
      owner,
      repo: repository,
      workflow_id: workflow,
      ref: defaultBranch ?? "main",
      headers: { authorization: `Bearer ${text}` },
      request: { signal: limit },
    });
    // A redirect is an answer too, and is not followed.
    return isTaken(status) ? undefined : refusalWords(status);
  } catch (error) {
    signal.throwIfAborted();
    const status = answerSchema.safeParse(error).data?.response.status;
    if (status === 401) refuseToken(token, text);
    return status === undefined ? messageOf(error) : refusalWords(status);
  }
}

function isTaken(status: number): boolean {
  return status >= 200 && status < 300;
}

function refusalWords(status: number): string {
  return `HTTP ${status}; the token needs actions: write, and the workflow workflow_dispatch on the default branch`;
}
