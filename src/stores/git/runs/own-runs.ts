import { writeObjects } from "../../../clients/git/objects/write-objects.ts";
import { readTree } from "../../../clients/git/objects/read-objects.ts";
import { isFile, nameText } from "../../../clients/git/objects/tree-format.ts";
import { LaunchError } from "../../../core/errors.ts";
import { named, say } from "../../../core/output/said.ts";
import type { RunDocument } from "../../../run/document.ts";
import type { Store, WriteResult } from "../../store.ts";
import { eventObjects, type RunEvent, type RunTree } from "./event.ts";
import { findFolded } from "../log/folded.ts";
import { type OpenedQueueContext, openForReading, openForWriting, type QueueContext } from "../queue/queue-context.ts";
import { queueRefs, sortRefs } from "../queue/queue-refs.ts";
import { removeFolded } from "../log/remove-folded.ts";
import { readTips } from "./read-tips.ts";
import { maxHeadBytes, runRef, runRefs } from "./run-files.ts";
import { currentRefs, settle, settleRemoval } from "../repository/settle.ts";

type Version = { readonly runId: string; readonly version: string };

/** Trees of our own last writes are remembered for as many runs, so that an update needn't read them. */
const rememberedTrees = 64;

/** Writes runs that no queue holds. */
export function ownRuns(context: QueueContext): Pick<Store, "create" | "update"> {
  const trees = new Map<string, RunTree>();

  const write = async (
    document: RunDocument,
    before: Omit<RunEvent, "document">,
    signal: AbortSignal,
  ): Promise<WriteResult> => {
    const opened = await openForWriting(context, signal);
    const { objects, tree, commit } = eventObjects(opened.local, { document, ...before });
    await writeObjects(opened.local, objects, signal);
    const name = runRef(document.run.run_id);
    const settled = await settle(opened, [{ name, from: before.parent, to: commit }], signal);
    if (settled.kind === "lost") return { kind: "conflict", current: settled.now.get(name) };
    if (settled.kind === "unknown") return { kind: "unknown", message: settled.said };
    remember(trees, commit, tree);
    return { kind: "written", version: commit };
  };

  return {
    create: (document, signal) => write(document, { parent: undefined, kept: {} }, signal),
    update: async (document, expected, signal) => {
      const known = trees.get(expected);
      if (known !== undefined) return write(document, { parent: expected, kept: known }, signal);
      const found = await findTree(context, { runId: document.run.run_id, version: expected }, signal);
      return found.kind === "tree" ? write(document, { parent: expected, kept: found.tree }, signal) : found;
    },
  };
}

function remember(trees: Map<string, RunTree>, version: string, tree: RunTree): void {
  trees.set(version, tree);
  const [oldest] = trees.keys();
  if (trees.size > rememberedTrees && oldest !== undefined) trees.delete(oldest);
}

/** The tree of the version that an update expects, which another process wrote; a conflict when the run isn't there in that version. */
async function findTree(
  context: QueueContext,
  { runId, version }: Version,
  signal: AbortSignal,
): Promise<{ readonly kind: "tree"; readonly tree: RunTree } | Extract<WriteResult, { kind: "conflict" }>> {
  const opened = await openForReading(context, signal);
  if (opened === undefined) return { kind: "conflict", current: undefined };
  const name = runRef(runId);
  const current = (await currentRefs(opened, [name], signal)).get(name);
  if (current !== version) return { kind: "conflict", current };
  await readTips(opened, { tips: [{ name, id: current }], paths: [""], maxBytes: maxHeadBytes }, signal);
  const entries = await readTree(opened.local, `${version}:`, signal);
  const files = entries?.filter(isFile).map(({ name, id }) => [nameText(name), id] as const);
  if (files !== undefined) return { kind: "tree", tree: Object.fromEntries(files) };
  throw new LaunchError("store-failed", `run "${runId}": its objects are missing or damaged in the store`);
}

/**
 * Removes runs that no queue holds, ended ones of queues, and folded ones; and what has a name that no launch gives. Those that wait or are
 * leased stay.
 */
export async function removeRuns(
  context: QueueContext,
  runs: readonly Version[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const opened = await openForReading(context, signal);
  if (opened === undefined) return runs.map(({ runId }) => runId);
  const refs = await currentRefs(opened, [runRefs, queueRefs], signal);
  const { tips, folded, foreign } = sortRefs(refs);
  const removals: { readonly name: string; readonly id: string; readonly runId: string }[] = [];
  const kept = new Set<string>();
  for (const { runId, version } of runs) {
    const tip = tips.find(({ id, place, parsed }) => id === version && place === "ended" && parsed.runId === runId);
    const other = foreign.find(({ key, id }) => key === runId && id === version);
    const name = refs.has(runRef(runId)) ? runRef(runId) : (tip ?? other)?.name;
    if (name !== undefined) removals.push({ name, id: version, runId });
    else if (tips.some(({ parsed }) => parsed.runId === runId)) kept.add(runId);
  }
  const gone = removals.length === 0 ? new Set<string>() : await settleRemoval(opened, removals, signal);
  const elsewhere = new Set([...removals.map(({ runId }) => runId), ...kept]);
  const wanted = runs.filter(({ runId }) => !elsewhere.has(runId));
  for (const runId of await removeFromLogs(context, { opened, folded, runs: wanted }, signal)) kept.add(runId);
  const left = new Set(removals.filter(({ name }) => !gone.has(name)).map(({ runId }) => runId));
  return runs.map(({ runId }) => runId).filter((runId) => !left.has(runId) && !kept.has(runId));
}

type FromLogs = {
  readonly opened: OpenedQueueContext;
  readonly folded: ReadonlyMap<string, string>;
  readonly runs: readonly Version[];
};

/** Removes what of these is folded, and gives the ids of those that stay. A log that can't be changed is told of, and holds up nothing else. */
async function removeFromLogs(
  context: QueueContext,
  { opened, folded, runs }: FromLogs,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const runIds = new Set(runs.map(({ runId }) => runId));
  const kept: string[] = [];
  for (const [queue, id] of folded) {
    const ids = new Set((await findFolded(opened, { queue, id, runIds }, signal)).map(({ runId }) => runId));
    const versions = new Map(runs.filter(({ runId }) => ids.has(runId)).map(({ runId, version }) => [runId, version]));
    if (versions.size === 0) continue;
    try {
      const removed = await removeFolded(context, { queue, versions }, signal);
      kept.push(...[...ids].filter((runId) => !removed.includes(runId)));
    } catch (error) {
      if (!(error instanceof LaunchError && error.code === "store-failed")) throw error;
      opened.log.warning(say`${ids.size} runs stay in the history of queue "${named(queue)}": ${error.message}`);
      kept.push(...ids);
    }
  }
  return kept;
}
