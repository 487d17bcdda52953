import { LaunchError } from "../../../core/errors.ts";
import { currentRefs } from "../repository/settle.ts";
import { emptyCommit } from "./marks.ts";
import { openForWriting, type QueueContext, writeChange } from "./queue-context.ts";
import { idRef } from "./queue-refs.ts";

/**
 * The store's own id: what its ref has as its value, a commit with a nonce. Each listing of queues brings it along. Whoever finds none makes
 * it, create-only: of two who do so at once the second takes what the first has made.
 */
export async function identify(context: QueueContext, signal: AbortSignal): Promise<string> {
  const seen = context.lister.storeId();
  if (seen !== undefined) return seen;
  const opened = await openForWriting(context, signal);
  const there = (await currentRefs(opened, [idRef], signal)).get(idRef);
  if (there !== undefined) return there;
  const { id, objects } = emptyCommit(opened, "the store's id");
  const settled = await writeChange(opened, { objects, changes: [{ name: idRef, from: undefined, to: id }] }, signal);
  if (settled.kind === "done") return id;
  const first = settled.kind === "lost" ? settled.now.get(idRef) : undefined;
  if (first !== undefined) return first;
  const said = settled.kind === "unknown" ? settled.said : "it is gone again";
  throw new LaunchError("store-failed", `the store's id could not be made: ${said}`);
}
