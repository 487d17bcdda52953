import { LaunchError } from "../../core/errors.ts";
import { resourceTraits } from "../../resources/index.ts";
import type { RunWriter } from "../../launch/store-writer.ts";
import type { LeaseWrite, QueueEntry } from "../../stores/queue-store.ts";
import type { RunDocument } from "../../run/document.ts";
import type { Served, Taken } from "../context.ts";
import { inHands } from "../../run/transitions.ts";

/*
 * The writes of a leased run, one after another, each naming the version that the last one made. A version that isn't there any more is
 * looked for: it may be that of our own write whose answer was lost. Only when the store shows that the lease is another's, it is.
 */
export type HoldWriter = RunWriter & {
  /** The run at its end, as its launch wrote it down. */
  ended(): RunDocument | undefined;
  /** Takes in a snapshot's entry that is no older than our last write; false when there is nothing to be learned from it. */
  readonly see: (entry: QueueEntry | undefined, begun: number) => boolean;
  /** Waits for writes that are on their way, and makes no more by itself. */
  settle(): Promise<void>;
  /** Makes a write that must not be lost, or says why it can't be made. */
  readonly insist: (work: Write) => Promise<Insisted>;
  readonly entry: () => QueueEntry;
};

/** `gone`: the store has nothing of the run any more. */
type Insisted = "written" | "fenced" | "gone";
type Write = (entry: QueueEntry, signal: AbortSignal) => Promise<LeaseWrite>;

/** Runs shorter than this are not written about until their end; the longer where a write is dear. */
const startedAfterMs = 1_000;
const startedAfterDearMs = 15_000;

/** A lease's entry, and the one way to change it. */
type LeaseEntry = Pick<HoldWriter, "insist" | "entry" | "see"> & {
  /** When a write of it, or its claim, was last begun that went well; by the monotonic clock. */
  confirmedMs(): number;
  settled(): Promise<unknown>;
};

function leaseEntry(taken: Taken, served: Served, onFenced: () => void): LeaseEntry {
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

/** What a run's launch writes to, and the agent with it. */
export function holdWriter(taken: Taken, served: Served, onFenced: () => void): HoldWriter {
  const { agent, store, spareStore } = served;
  const { clock } = agent.services;
  const leased = leaseEntry(taken, served, onFenced);
  let last: RunDocument | undefined;
  let timer: NodeJS.Timeout | undefined;
  const progress = async (document: RunDocument): Promise<void> => {
    const whole = inHands(document, leased.entry().run, clock.now());
    const written = await leased.insist((entry, signal) => store.progress(entry, whole, signal));
    if (written === "fenced") onFenced();
  };
  const inBackground = (document: RunDocument): void => {
    progress(document).catch(() => undefined);
  };

  return {
    location: () => store.location,
    write: async (document) => {
      if (document.run.state === "building") {
        inBackground(document);
        return;
      }
      // Nobody takes a lease that was written a moment ago, so what runs here needs no other word to be fenced by.
      const fresh = clock.monotonicMs() - leased.confirmedMs() < agent.request.lease.ttlMs / 4;
      // A run elsewhere must have its handle in the store before it is there.
      if (fresh && resourceTraits(document.run.resource)?.where === "here") return;
      await progress(document);
      if (agent.writes.aborted) throw new LaunchError("cancelled", "its agent stops");
    },
    started: (document) => {
      const afterMs = spareStore ? startedAfterDearMs : startedAfterMs;
      timer = setTimeout(inBackground, afterMs, document);
    },
    end: (document) => {
      last = document;
      return Promise.resolve(false);
    },
    ended: () => last,
    settle: async () => {
      clearTimeout(timer);
      await leased.settled();
    },
    see: leased.see,
    insist: leased.insist,
    entry: leased.entry,
  };
}
