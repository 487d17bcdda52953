import { LaunchError } from "../../core/errors.ts";
import { say } from "../../core/output/said.ts";
import { resourceTraits } from "../../resources/index.ts";
import type { RunWriter } from "../../launch/store-writer.ts";
import type { RunDocument } from "../../run/document.ts";
import { endOfAttempt } from "../../run/end-of-attempt.ts";
import { doneOf, inHands, inQueue, untaken } from "../../run/transitions.ts";
import type { Ending, Served, Taken } from "../context.ts";
import type { TakenRun } from "../request.ts";
import { type LeaseEntry, leaseEntry } from "./lease-entry.ts";
import { type Held, writeBack, writeEnd } from "./write-end.ts";

/** A run in hand, as its writer knows of it. */
export type InHand = {
  readonly taken: Taken;
  /** Why it is ended early, as far as that is known. */
  ending(): Ending | undefined;
  end(why: Ending): void;
  /** It runs no more: its place and its slots are free for the next one. */
  release(): void;
};

type Result = TakenRun["end"];

/** All writes of a leased run: those of its launch, and the one that ends its being leased. */
export type HoldWriter = RunWriter &
  Pick<LeaseEntry, "see"> & {
    /** Its end is written, or being written. */
    isEnding(): boolean;
    /** Writes the end of its attempt, which the first who calls this knows, and says what it came to. Rejects when its agent must end before. */
    conclude(ended: RunDocument): Promise<Result>;
    /** It goes on elsewhere, and its lease stays as it is: its end is for whoever follows it to write. */
    leave(): Promise<Result>;
    /** Nothing of it was started: its attempt doesn't count. */
    putBack(why: string): Promise<Result>;
  };

/** Runs shorter than this are not written about until their end; the longer where a write is dear. */
const startedAfterMs = 1_000;
const startedAfterDearMs = 15_000;

export function holdWriter(hand: InHand, served: Served): HoldWriter {
  const { agent, store, spareStore } = served;
  const { clock, log } = agent.services;
  const { taken } = hand;
  const leased = leaseEntry(taken, served, () => hand.end("fenced"));
  const held: Held = { served, leased, taken: taken.document };
  let timer: NodeJS.Timeout | undefined;
  let concluding: Promise<Result> | undefined;

  const progress = async (document: RunDocument): Promise<void> => {
    const whole = inHands(document, leased.entry().run, clock.now());
    const written = await leased.insist((entry, signal) => store.progress(entry, whole, signal));
    if (written === "fenced") hand.end("fenced");
  };
  const inBackground = (document: RunDocument): void => {
    progress(document).catch(() => undefined);
  };
  const release = async (): Promise<void> => {
    clearTimeout(timer);
    hand.release();
    await leased.settled();
  };
  const fenced = (): Result => {
    log.warning(say`${taken.document.run.name}  another agent has the run by now, so what it came to here is not kept`);
    return { kind: "fenced" };
  };
  const writeResult = async (ended: RunDocument): Promise<Result> => {
    await release();
    const ending = hand.ending();
    if (ending === "fenced") return fenced();
    const end = endOfAttempt({
      ended: inQueue(ended, taken.entry.run),
      agent: agent.request.agent,
      host: agent.services.state.host,
      cut: ending === "cancelled" ? undefined : ending,
      now: clock.now(),
    });
    const written = await writeEnd(end, held);
    return written === "fenced" ? fenced() : written;
  };
  const conclude = (ended: RunDocument): Promise<Result> => (concluding ??= writeResult(ended));

  return {
    location: () => store.location,
    see: leased.see,
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
      timer = setTimeout(inBackground, spareStore ? startedAfterDearMs : startedAfterMs, document);
    },
    // Whoever holds the run hears of what stood in the way.
    end: (document) =>
      conclude(document).then(
        () => true,
        () => false,
      ),
    isEnding: () => concluding !== undefined,
    conclude,
    leave: async () => {
      await release();
      return hand.ending() === "fenced" ? fenced() : { kind: "given-back" };
    },
    putBack: async (why) => {
      await release();
      const { document } = taken;
      const waiting = doneOf(untaken(document, clock.now()));
      log.info(say`${document.run.name}  put back, as ${why}`);
      const written = await writeBack(waiting, held);
      return written === "fenced" ? fenced() : written;
    },
  };
}
