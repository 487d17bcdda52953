import { LaunchError } from "../../../core/errors.ts";
import { mayBeAtWork, type UnreadableEntry } from "../../queue-store.ts";
import { readTips } from "../runs/read-tips.ts";
import { maxHeadBytes } from "../runs/run-files.ts";
import { emptyCommit } from "./marks.ts";
import { openForWriting, type QueueContext, writeChange } from "./queue-context.ts";
import { entryRef } from "./queue-refs.ts";

/** Puts what can't be read to another place as it is: a move of its ref, from the version that was looked at. */
export async function putUnread(
  context: QueueContext,
  { entry, to }: UnreadPut,
  signal: AbortSignal,
): Promise<boolean> {
  const { queue, key, version, place } = entry;
  if (place === undefined || mayBeAtWork(entry)) return false;
  if (place === to) return true;
  const opened = await openForWriting(context, signal);
  const from = entryRef(queue, place, key);
  const request = { tips: [{ name: from, id: version }], paths: [""], maxBytes: maxHeadBytes } as const;
  const [found] = await readTips(opened, request, signal);
  // Of what has no objects a mark stays, which nobody can read either.
  const mark = found?.[0] === undefined ? emptyCommit(opened, `${key}: its objects are not to be had`) : undefined;
  if (mark !== undefined && to === "waiting") return false;
  const changes = [
    { name: from, from: version, to: undefined },
    { name: entryRef(queue, to, key), from: undefined, to: mark?.id ?? version },
  ];
  const settled = await writeChange(opened, { objects: mark?.objects ?? [], changes }, signal);
  if (settled.kind !== "unknown") return settled.kind === "done";
  throw new LaunchError("store-failed", `it is not known whether ${key} was moved: ${settled.said}`);
}

type UnreadPut = { readonly entry: UnreadableEntry; readonly to: "waiting" | "ended" };
