import { type JsonObject, toJson } from "../core/json.ts";
import { isFinal } from "../run/states.ts";
import { commitUrl, type GitHubContext } from "../github/context.ts";
import type { Enqueued, EnqueuedRun } from "../queueing/enqueue-request.ts";
import { defaultQueue } from "../queues/definition.ts";
import { type EnqueuedRow, enqueuedMarkdown } from "../reporting/enqueued-report.ts";
import { endWords, runWords } from "../reporting/run-words.ts";
import type { RunHead } from "../run/head.ts";
import type { OutputName } from "./protocol.ts";

/** What a step that enqueued runs ends with. */
export type QueuedExit = {
  readonly enqueued: Enqueued;
  readonly store: string;
  /** How the runs ended, where that was waited for. */
  readonly heads: readonly RunHead[] | undefined;
  /** Where each stands, by its id; it is nothing to fail for when that is not known. */
  readonly places: ReadonlyMap<string, string>;
  /** When nobody serves their queues: what to do. */
  readonly nobody: readonly string[];
};

export type QueuedOutcome = {
  readonly outputs: Readonly<Partial<Record<OutputName, string | JsonObject>>>;
  readonly summary: string;
  /** The run that a step fails for, when it has waited for it. */
  readonly failed: RunHead | undefined;
};

/** The outputs and the summary. A run that an earlier attempt of the step enqueued is told as it is now. */
export function queuedOutcome(exit: QueuedExit, context: GitHubContext): QueuedOutcome {
  const { enqueued, store, heads } = exit;
  const { runs, group, replaced } = enqueued;
  const headOf = ({ runId, present }: EnqueuedRun): RunHead | undefined =>
    heads?.find((head) => head.run_id === runId) ?? present;
  const known = runs.map((run) => ({ ...run, head: headOf(run) }));
  const ended = known.flatMap(({ head }) => (head !== undefined && isFinal(head.state) ? [head] : []));
  const all = ended.length === runs.length;
  const worst = ended.find(({ state }) => state === "failed") ?? ended.find(({ state }) => state !== "succeeded");
  // Of several that are not all at their end, some wait or run.
  const state = all
    ? (worst?.state ?? "succeeded")
    : ((runs.length === 1 ? known[0]?.head?.state : undefined) ?? "queued");
  const listed = known.map(({ runId, queue, kind, head }) => ({
    run_id: runId,
    queue,
    state: head?.state ?? "queued",
    ...(head?.reason === undefined ? {} : { reason: head.reason }),
    ...(head?.metrics === undefined ? {} : { metrics: head.metrics }),
    ...(kind === "already" ? { from_before: true } : {}),
  }));
  const result = { schema_version: 1, state, runs: listed, ...(group === undefined ? {} : { group }), replaced, store };
  const rows = known.map(({ runId, queue, leg, source, kind, head, ...from }): EnqueuedRow => {
    const state = stateWords(head, exit.places.get(runId));
    return { runId, queue, leg, source, page: pageOf(from, context), state, fromBefore: kind === "already" };
  });
  const queuePages = new Map(runs.map(({ queue }) => [queue, definitionPage(queue, store, context)]));
  return {
    outputs: {
      "run-id": group ?? runs[0]?.runId ?? "",
      "run-ids": JSON.stringify(runs.map(({ runId }) => runId)),
      state,
      reason: all ? (worst?.reason ?? "") : "",
      result: toJson(result),
    },
    summary: enqueuedMarkdown({ rows, group, replaced, store, queuePages, ended: all, nobody: exit.nobody }),
    failed: heads === undefined ? undefined : worst,
  };
}

function stateWords(head: RunHead | undefined, place: string | undefined): string {
  if (head === undefined || head.state === "queued") return place ?? "waiting";
  return isFinal(head.state) ? endWords(head) : runWords(head);
}

/** The page of a commit, where it is one of this repository. */
function pageOf(
  { repository, commit }: Pick<EnqueuedRun, "repository" | "commit">,
  context: GitHubContext,
): string | undefined {
  const { serverUrl, owner = "", repository: name = "" } = context;
  const own = `${serverUrl}/${owner}/${name}`;
  return commit !== undefined && repository?.replace(/\.git$/, "") === own ? commitUrl(context, commit) : undefined;
}

/** Where a queue's definition is shown, for a store that is a repository of this GitHub. */
function definitionPage(queue: string, store: string, { serverUrl }: GitHubContext): string | undefined {
  const base = `git+${serverUrl}/`;
  if (!store.startsWith(base) || queue === defaultQueue) return undefined;
  return `${serverUrl}/${store.slice(base.length).replace(/\.git$/, "")}/blob/HEAD/.launch/queues/${queue}.yaml`;
}
