import { readObjects } from "../../../clients/git/objects/read-objects.ts";
import { LaunchError } from "../../../core/errors.ts";
import { findFolded, logTip } from "./folded.ts";
import { changedLog } from "./log-tree.ts";
import { openForWriting, type QueueContext, writeChange } from "../queue/queue-context.ts";
import { foldedRef, logRef } from "../queue/queue-refs.ts";
import { maxHeadBytes } from "../runs/run-files.ts";
import { attempts, currentRefs } from "../repository/settle.ts";

/** Runs' ids with the versions to remove. */
type FoldedVersions = { readonly queue: string; readonly versions: ReadonlyMap<string, string> };

/**
 * Takes runs out of a queue's log and its index: one move, however many.
 * Whoever folds at the same time is first or second; who is second looks again. Returns the ids that are gone.
 */
export async function removeFolded(
  context: QueueContext,
  { queue, versions }: FoldedVersions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const opened = await openForWriting(context, signal);
  let said = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    const log = await logTip(opened, queue, signal);
    const index = (await currentRefs(opened, [foldedRef(queue)], signal)).get(foldedRef(queue));
    if (log === undefined || index === undefined) return [...versions.keys()];
    const runIds = new Set(versions.keys());
    const wanted = await findFolded(opened, { queue, id: index, runIds }, signal);
    const revisions = wanted.map(({ path }) => `${log}:${path}`);
    const folders = await readObjects(opened.local, { revisions, maxBytes: maxHeadBytes }, signal);
    // One that is in the index alone has lost its files: there is nothing to keep.
    const chosen = wanted.filter(
      (path, at) => folders[at] === undefined || folders[at].id === versions.get(path.runId),
    );
    const kept = new Set(wanted.filter((path) => !chosen.includes(path)).map(({ runId }) => runId));
    if (chosen.length > 0) {
      const removed = new Set(chosen.map(({ path }) => path));
      const message = `${queue}: ${removed.size} runs removed`;
      const next = await changedLog(opened, { queue, log, index, added: new Map(), removed, message }, signal);
      const changes = [
        { name: logRef(queue), from: log, to: next.log },
        { name: foldedRef(queue), from: index, to: next.index },
      ];
      const settled = await writeChange(opened, { objects: next.objects, changes }, signal);
      said = settled.kind === "unknown" ? settled.said : "others change it all the time";
      if (settled.kind !== "done") continue;
    }
    return [...versions.keys()].filter((runId) => !kept.has(runId));
  }
  throw new LaunchError("store-failed", `runs could not be removed from the history of queue "${queue}": ${said}`);
}
