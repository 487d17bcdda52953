import type { LeaseWrite, QueueEntry } from "../../stores/queue-store.ts";
import type { Served, Taken } from "../context.ts";

/** `gone`: the store has nothing of the run any more. */
type Insisted = "written" | "fenced" | "gone";
type Write = (entry: QueueEntry, signal: AbortSignal) => Promise<LeaseWrite>;

/*
 * A lease's entry, and the one way to change it: write after write, each naming the version that the last one made. A version that isn't
 * there any more is looked for: it may be that of our own write whose answer was lost. Only when the store shows that the lease is
 * another's, it is.
 */
export type LeaseEntry = {
  readonly entry: () => QueueEntry;
  /** Makes a write that must not be lost, or says why it can't be made. */
  readonly insist: (work: Write) => Promise<Insisted>;
  /** Takes in a snapshot's entry that is no older than our last write; false when there is nothing to be learned from it. */
  readonly see: (entry: QueueEntry | undefined, begun: number) => boolean;
  /** When a write of it, or its claim, was last begun that went well; by the monotonic clock. */
  readonly confirmedMs: () => number;
  /** Waits for writes that are on their way. */
  readonly settled: () => Promise<unknown>;
};

export function leaseEntry(taken: Taken, served: Served, onFenced: () => void): LeaseEntry {
  const { agent, store, patience } = served;
  const { clock } = agent.services;
  const { lease } = taken.entry.run;
  let { entry } = taken;
  let confirmedMs = taken.sinceMs;
  let confirmed = taken.tick;
  let queue: Promise<unknown> = Promise.resolve();
  let writing = 0;

  const isOurs = ({ place, run }: QueueEntry): boolean =>
    place === "leased" &&
    run.lease?.agent === lease?.agent &&
    run.lease?.incarnation === lease?.incarnation &&
    run.lease?.attempt === lease?.attempt;
  const look = async (): Promise<QueueEntry | undefined> => {
    const { snapshot } = await patience.insist(
      async (signal) => ({ kind: "seen", snapshot: await store.snapshot([entry.queue], signal) }),
      agent.writes,
    );
    return snapshot.entries.find(({ key }) => key === entry.key);
  };
  const insist = async (work: Write): Promise<Insisted> => {
    for (;;) {
      const begunMs = clock.monotonicMs();
      const result = await patience.insist((signal) => work(entry, signal), agent.writes);
      if (result.kind === "written") {
        ({ entry } = result);
        confirmedMs = begunMs;
        confirmed = served.tick();
        return "written";
      }
      const found = await look();
      // Nothing there is no other holder: a store that has lost the run stops none, and takes no end of it.
      if (found === undefined) return "gone";
      if (!isOurs(found) || found.version === entry.version) return "fenced";
      entry = found;
    }
  };
  return {
    entry: () => entry,
    confirmedMs: () => confirmedMs,
    settled: () => queue,
    insist: (work) => {
      writing++;
      const next = queue.then(() => insist(work)).finally(() => writing--);
      queue = next.catch(() => undefined);
      return next;
    },
    see: (seen, begun) => {
      if (writing > 0 || confirmed > begun) return false;
      if (seen === undefined) return false;
      if (!isOurs(seen)) {
        onFenced();
        return false;
      }
      entry = seen;
      return true;
    },
  };
}
