import { newBlob, newCommit, type NewObject } from "../../../clients/git/objects/object-format.ts";
import { newFilesTree } from "../../../clients/git/objects/tree-format.ts";
import type { Repository } from "../../../clients/git/repository.ts";
import { LaunchError } from "../../../core/errors.ts";
import type { AgentBeat } from "../../../run/beat.ts";
import type { SeenAgent, StopLevel } from "../../agent-store.ts";
import { openForWriting, type QueueContext, writeChange } from "./queue-context.ts";
import { agentRef, agentRefs, pausedRef, sortRefs, stopRef, stopRefs } from "./queue-refs.ts";
import { readTips } from "../runs/read-tips.ts";
import { maxHeadBytes } from "../runs/run-files.ts";
import { currentRefs, settleRemoval } from "../repository/settle.ts";
import { beatFile, parseBeat } from "./snapshot.ts";

/* Refs that are no runs: an agent's beat, and marks whose being there is all that they say. They have no history. */

type Mark = { readonly id: string; readonly objects: readonly NewObject[] };

function markCommit(
  { format }: Repository,
  files: Readonly<Record<string, string>>,
  message: string,
  time: Date,
): Mark {
  const blobs = Object.entries(files).map(([name, content]) => ({ name, blob: newBlob(format, content) }));
  const tree = newFilesTree(format, Object.fromEntries(blobs.map(({ name, blob }) => [name, blob.id])));
  const commit = newCommit(format, { tree: tree.id, parents: [], message, time });
  return { id: commit.id, objects: [...blobs.map(({ blob }) => blob), tree, commit] };
}

export function emptyCommit(local: Repository, message: string, time: Date): Mark {
  return markCommit(local, {}, message, time);
}

export type BeatResult =
  | { readonly kind: "written"; readonly version: string }
  | { readonly kind: "conflict"; readonly current: SeenAgent | undefined }
  | { readonly kind: "unknown"; readonly message: string };

/** Writes an agent's beat over the one that it wrote last. */
export async function beat(
  context: QueueContext,
  said: AgentBeat,
  expected: string | undefined,
  signal: AbortSignal,
): Promise<BeatResult> {
  const { store, clock } = context;
  const local = await openForWriting(store, signal);
  const name = agentRef(said.agent);
  const text = `${JSON.stringify(said, undefined, 2)}\n`;
  const mark = markCommit(local, { [beatFile]: text }, `${said.agent}: beat ${said.sequence}`, clock.now());
  const settled = await writeChange(context, mark.objects, [{ name, from: expected, to: mark.id }], signal);
  if (settled.kind === "done") return { kind: "written", version: mark.id };
  if (settled.kind === "unknown") return { kind: "unknown", message: settled.said };
  const id = settled.now.get(name);
  if (id === undefined) return { kind: "conflict", current: undefined };
  const request = { tips: [{ name, id }], paths: [beatFile], maxBytes: maxHeadBytes } as const;
  const [found] = await readTips(store, local, request, signal);
  const read = parseBeat(said.agent, found?.[0]?.content);
  return { kind: "conflict", current: read.kind === "beat" ? { beat: read.beat, version: id } : undefined };
}

/** Asks an agent to stop. A mark that another made is as good. */
export async function requestStop(
  context: QueueContext,
  { beat: { agent, incarnation } }: SeenAgent,
  level: StopLevel,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock } = context;
  const local = await openForWriting(store, signal);
  const name = stopRef(agent, incarnation, level);
  const mark = emptyCommit(local, `${agent}: stop (${level})`, clock.now());
  const settled = await writeChange(context, mark.objects, [{ name, from: undefined, to: mark.id }], signal);
  if (settled.kind === "unknown") {
    throw new LaunchError("store-failed", `agent "${agent}" could not be asked to stop: ${settled.said}`);
  }
}

/** Removes a beat unless it has changed since, and in the same move the marks of agents that have none. */
export async function forget({ store }: QueueContext, agent: SeenAgent, signal: AbortSignal): Promise<void> {
  const local = await store.open("read", signal);
  if (local === undefined) return;
  const name = agentRef(agent.beat.agent);
  const { agents, stops } = sortRefs(await currentRefs(store, local, [agentRefs, stopRefs], signal));
  const staying = agents.filter((other) => other.name !== name || other.id !== agent.version);
  const gone = agents.length === staying.length ? [] : [{ name, id: agent.version }];
  const marks = stops.filter((mark) => staying.every((other) => other.agent !== mark.agent));
  await settleRemoval(store, local, [...gone, ...marks], signal);
}

export async function pause(context: QueueContext, queue: string, paused: boolean, signal: AbortSignal): Promise<void> {
  const { store, clock } = context;
  const local = await openForWriting(store, signal);
  const name = pausedRef(queue);
  const id = (await currentRefs(store, local, [name], signal)).get(name);
  if (paused === (id !== undefined)) return;
  if (id !== undefined) {
    await settleRemoval(store, local, [{ name, id }], signal);
    return;
  }
  const mark = emptyCommit(local, `${queue}: paused`, clock.now());
  const settled = await writeChange(context, mark.objects, [{ name, from: undefined, to: mark.id }], signal);
  if (settled.kind === "unknown") {
    throw new LaunchError("store-failed", `queue "${queue}" could not be paused: ${settled.said}`);
  }
}
