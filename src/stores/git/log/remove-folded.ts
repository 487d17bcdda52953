import { readObjects } from "../../../clients/git/objects/read-objects.ts";
import { LaunchError } from "../../../core/errors.ts";
import { foldedPaths, logTip } from "./folded.ts";
import { changedLog } from "./log-tree.ts";
import { openForWriting, type QueueContext, writeChange } from "../queue/queue-context.ts";
import { foldedRef, logRef } from "../queue/queue-refs.ts";
import { maxHeadBytes } from "../runs/run-files.ts";
import { attempts, currentRefs } from "../repository/settle.ts";

/**
 * Takes runs out of a queue's log and its index: one move, however many. `versions` are the runs' ids with the versions to remove.
 * Whoever folds at the same time is first or second; who is second looks again. Returns the ids that are gone.
 */
export async function removeFolded(
  context: QueueContext,
  queue: string,
  versions: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { store } = context;
  const local = await openForWriting(store, signal);
  let said = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    const log = await logTip(context, local, queue, signal);
    const index = (await currentRefs(store, local, [foldedRef(queue)], signal)).get(foldedRef(queue));
    if (log === undefined || index === undefined) return [...versions.keys()];
    const paths = await foldedPaths(context, local, queue, index, signal);
    const wanted = paths.filter(({ runId }) => versions.has(runId));
    const revisions = wanted.map(({ path }) => `${log}:${path}`);
    const folders = await readObjects(local, revisions, { maxBytes: maxHeadBytes }, signal);
    // One that is in the index alone has lost its files: there is nothing to keep.
    const chosen = wanted.filter(
      (path, at) => folders[at] === undefined || folders[at].id === versions.get(path.runId),
    );
    const kept = new Set(wanted.filter((path) => !chosen.includes(path)).map(({ runId }) => runId));
    if (chosen.length > 0) {
      const removed = new Set(chosen.map(({ path }) => path));
      const message = `${queue}: ${removed.size} runs removed`;
      const next = await changedLog(context, local, { queue, log, index, added: new Map(), removed, message }, signal);
      const changes = [
        { name: logRef(queue), from: log, to: next.log },
        { name: foldedRef(queue), from: index, to: next.index },
      ];
      const settled = await writeChange(context, next.objects, changes, signal);
      said = settled.kind === "unknown" ? settled.said : "others change it all the time";
      if (settled.kind !== "done") continue;
    }
    return [...versions.keys()].filter((runId) => !kept.has(runId));
  }
  throw new LaunchError("store-failed", `runs could not be removed from the history of queue "${queue}": ${said}`);
}
