import type { RunHead } from "../../../run/head.ts";
import { placed } from "../../../run/transitions.ts";
import { endedRuns, endOf } from "./fold.ts";
import { foldedHeads, logTip, newestDays } from "./folded.ts";
import { openForReading, type QueueContext } from "../queue/queue-context.ts";

/** Ended runs of a queue, newest first: those that are still there and those folded away. */
export async function history(
  context: QueueContext,
  { queue, limit }: { readonly queue: string; readonly limit: number },
  signal: AbortSignal,
): Promise<readonly RunHead[]> {
  const opened = await openForReading(context, signal);
  if (opened === undefined) return [];
  const refs = await context.lister.list(opened, [queue], signal);
  const runs = new Map((await endedRuns(opened, refs, signal)).map(({ run }) => [run.run_id, placed(run, "ended")]));
  const there = new Set(refs.tips.map(({ parsed }) => parsed.runId));
  const request = { queue, id: refs.folded.get(queue), limit, without: there };
  const wanted = await newestDays(opened, request, signal);
  const log = wanted.length === 0 ? undefined : await logTip(opened, queue, signal);
  if (log !== undefined) {
    for (const listed of await foldedHeads(opened.local, { log, paths: wanted }, signal)) {
      if (listed.kind === "run") runs.set(listed.run.run_id, listed.run);
    }
  }
  return [...runs.values()].sort((a, b) => (endOf(a) < endOf(b) ? 1 : endOf(a) > endOf(b) ? -1 : 0)).slice(0, limit);
}
