import { messageOf } from "../core/errors.ts";
import type { GitHubContext } from "./context.ts";

export type Dispatch = {
  readonly context: GitHubContext;
  /** Of the API: `https://api.github.com`. */
  readonly apiUrl: string;
  readonly token: string;
  /** The workflow's file name: `agent.yml`. */
  readonly workflow: string;
};

const timeoutMs = 15_000;

/**
 * Starts a workflow that has `workflow_dispatch`, on the default branch. Undefined when GitHub has taken it, else what it said: the
 * workflow would have been started later anyway, so this is no reason to fail.
 */
export async function dispatchWorkflow(
  { context, apiUrl, token, workflow }: Dispatch,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { owner, repository, defaultBranch } = context;
  if (owner === undefined || repository === undefined) return "this job is of no repository";
  const path = `/repos/${owner}/${repository}/actions/workflows/${encodeURIComponent(workflow)}/dispatches`;
  try {
    const response = await fetch(`${apiUrl.replace(/\/+$/, "")}${path}`, {
      method: "POST",
      redirect: "manual",
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${token}`,
        "x-github-api-version": "2022-11-28",
        "user-agent": "launch-action",
      },
      body: JSON.stringify({ ref: defaultBranch ?? "main" }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    return `HTTP ${response.status}; the token needs actions: write, and the workflow workflow_dispatch on the default branch`;
  } catch (error) {
    signal.throwIfAborted();
    return messageOf(error);
  }
}
