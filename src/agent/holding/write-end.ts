import type { LeaseWrite, QueueEntry, QueueStore } from "../../stores/queue-store.ts";
import type { Served } from "../context.ts";
import type { AttemptEnd } from "../../run/end-of-attempt.ts";
import type { LeaseEntry } from "./lease-entry.ts";
import { reserveNext } from "../taking/take.ts";

/** Writes what became of an attempt; with a run's end the next run is taken in the same request. Tries until it is known. */
export async function writeEnd(end: AttemptEnd, served: Served, leased: LeaseEntry): Promise<"written" | "fenced"> {
  const { store } = served;
  let tries = 0;
  const write = async (entry: QueueEntry, signal: AbortSignal): Promise<LeaseWrite> => {
    // After an answer that was lost the next run may be ours already: a snapshot tells.
    const next = end.kind === "finish" && tries++ === 0 ? reserveNext(served, entry) : undefined;
    if (next === undefined) return writeAlone({ store, entry }, end, signal);
    return next.during(async () => {
      const finished =
        next.kind === "pick"
          ? await next.store.finishAndClaimNext(entry, { document: end.document, next: next.request }, signal)
          : await store.finish(entry, { document: end.document, next: next.request }, signal);
      return { result: finished.finish, claim: finished.next };
    });
  };
  const written = await leased.insist(write);
  if (written === "written" || (await isThere(end, served, leased.entry()))) return "written";
  return "fenced";
}

type Ending = { readonly store: QueueStore; readonly entry: QueueEntry };

/** The same with no other run, tried once. */
export async function writeAlone(
  { store, entry }: Ending,
  { kind, document }: AttemptEnd,
  signal: AbortSignal,
): Promise<LeaseWrite> {
  return kind === "finish"
    ? (await store.finish(entry, { document }, signal)).finish
    : await store.release(entry, document, signal);
}

/** Whether what was refused as old is there all the same: our own write, whose answer was lost. */
async function isThere({ document }: AttemptEnd, served: Served, { run }: QueueEntry): Promise<boolean> {
  const { agent, store } = served;
  const { stored } = await served.patience.insist(
    async (signal) => ({ kind: "read", stored: await store.read(run.run_id, signal) }),
    agent.writes,
  );
  return stored?.run.attempt === document.run.attempt && stored.run.updated_at === document.run.updated_at;
}
