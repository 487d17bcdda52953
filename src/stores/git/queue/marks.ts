import { newBlob, newCommit, type NewObject } from "../../../clients/git/objects/object-format.ts";
import { newFilesTree } from "../../../clients/git/objects/tree-format.ts";
import { LaunchError } from "../../../core/errors.ts";
import type { AgentBeat } from "../../../run/beat.ts";
import { beatBounds } from "../../../run/bounds.ts";
import type { BeatVersion, SeenAgent, StopLevel } from "../../agent-store.ts";
import {
  type OpenedQueueContext,
  openForReading,
  openForWriting,
  type QueueContext,
  writeChange,
} from "./queue-context.ts";
import { agentRef, agentRefs, pausedRef, sortRefs, stopRef, stopRefs } from "./queue-refs.ts";
import { readTips } from "../runs/read-tips.ts";
import { currentRefs, type Settled, settleRemoval } from "../repository/settle.ts";
import { beatFile, parseBeat } from "./snapshot.ts";

/* Refs that are no runs: an agent's beat, and marks whose being there is all that they say. They have no history. */

type Mark = { readonly id: string; readonly objects: readonly NewObject[] };

function markCommit(
  { local: { format }, clock }: OpenedQueueContext,
  files: Readonly<Record<string, string>>,
  message: string,
): Mark {
  const blobs = Object.entries(files).map(([name, content]) => ({ name, blob: newBlob(format, content) }));
  const tree = newFilesTree(format, Object.fromEntries(blobs.map(({ name, blob }) => [name, blob.id])));
  const commit = newCommit(format, { tree: tree.id, parents: [], message, time: clock.now() });
  return { id: commit.id, objects: [...blobs.map(({ blob }) => blob), tree, commit] };
}

export function emptyCommit(opened: OpenedQueueContext, message: string): Mark {
  return markCommit(opened, {}, message);
}

/** Makes a mark's ref, or puts it in the place of the one that was seen. */
function makeMark(
  opened: OpenedQueueContext,
  { name, from, mark }: { readonly name: string; readonly from: string | undefined; readonly mark: Mark },
  signal: AbortSignal,
): Promise<Settled> {
  return writeChange(opened, { objects: mark.objects, changes: [{ name, from, to: mark.id }] }, signal);
}

export type BeatResult =
  | { readonly kind: "written"; readonly version: string }
  | { readonly kind: "conflict"; readonly current: SeenAgent | undefined }
  | { readonly kind: "unknown"; readonly message: string };

/** Writes an agent's beat over the one that it wrote last. */
export async function beat(
  context: QueueContext,
  { said, expected }: { readonly said: AgentBeat; readonly expected: string | undefined },
  signal: AbortSignal,
): Promise<BeatResult> {
  const opened = await openForWriting(context, signal);
  const name = agentRef(said.agent);
  const mark = markCommit(opened, { [beatFile]: JSON.stringify(said) }, `${said.agent}: beat ${said.sequence}`);
  const settled = await makeMark(opened, { name, from: expected, mark }, signal);
  if (settled.kind === "done") return { kind: "written", version: mark.id };
  if (settled.kind === "unknown") return { kind: "unknown", message: settled.said };
  const id = settled.now.get(name);
  if (id === undefined) return { kind: "conflict", current: undefined };
  const request = { tips: [{ name, id }], paths: [beatFile], maxBytes: beatBounds.bytes } as const;
  const [found] = await readTips(opened, request, signal);
  const read = parseBeat(said.agent, found?.[0]?.content);
  return { kind: "conflict", current: read.kind === "beat" ? { beat: read.beat, version: id } : undefined };
}

/** Asks an agent to stop. A mark that another made is as good. */
export async function requestStop(
  context: QueueContext,
  { beat, level }: { readonly beat: AgentBeat; readonly level: StopLevel },
  signal: AbortSignal,
): Promise<void> {
  const { agent, incarnation } = beat;
  const opened = await openForWriting(context, signal);
  const name = stopRef(agent, incarnation, level);
  const mark = emptyCommit(opened, `${agent}: stop (${level})`);
  const settled = await makeMark(opened, { name, from: undefined, mark }, signal);
  if (settled.kind === "unknown") {
    throw new LaunchError("store-failed", `agent "${agent}" could not be asked to stop: ${settled.said}`);
  }
}

/** Removes a beat unless it has changed since, and in the same move the marks of agents that have none. */
export async function forget(
  context: QueueContext,
  { agent, version }: BeatVersion,
  signal: AbortSignal,
): Promise<void> {
  const opened = await openForReading(context, signal);
  if (opened === undefined) return;
  const name = agentRef(agent);
  const { agents, stops } = sortRefs(await currentRefs(opened, [agentRefs, stopRefs], signal));
  const staying = agents.filter((other) => other.name !== name || other.id !== version);
  const gone = agents.length === staying.length ? [] : [{ name, id: version }];
  const marks = stops.filter((mark) => staying.every((other) => other.agent !== mark.agent));
  await settleRemoval(opened, [...gone, ...marks], signal);
}

export async function pause(
  context: QueueContext,
  { queue, paused }: { readonly queue: string; readonly paused: boolean },
  signal: AbortSignal,
): Promise<void> {
  const opened = await openForWriting(context, signal);
  const name = pausedRef(queue);
  const id = (await currentRefs(opened, [name], signal)).get(name);
  if (paused === (id !== undefined)) return;
  if (id !== undefined) {
    await settleRemoval(opened, [{ name, id }], signal);
    return;
  }
  const mark = emptyCommit(opened, `${queue}: paused`);
  const settled = await makeMark(opened, { name, from: undefined, mark }, signal);
  if (settled.kind === "unknown") {
    throw new LaunchError("store-failed", `queue "${queue}" could not be paused: ${settled.said}`);
  }
}
