import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/output/log.ts";
import type { QueueEntry, QueueStore } from "../../stores/queue-store.ts";
import { cancelledEnd, endOfAttempt, lostDocument } from "./end-of-attempt.ts";

export type LostAttempt = {
  readonly entry: QueueEntry;
  /** Of the agent that held it; undefined where that is not known. */
  readonly host: string | undefined;
  /** How it is known that nobody goes on with it. */
  readonly words: string;
};

/** Ends the attempt of a holder that is gone: it waits for another, or has failed. Whoever changes it first does so. */
export async function loseAttempt(
  { entry, host, words }: LostAttempt,
  services: { readonly store: QueueStore; readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, log } = services;
  const document = await store.load(entry, signal);
  if (document === undefined) return;
  const now = clock.now();
  const lost = lostDocument(document, words, now);
  const ended = endOfAttempt({ ended: lost, agent: entry.run.lease?.agent ?? "", host, givenBack: false, now });
  const end = entry.cancelRequested ? cancelledEnd(ended, lost) : ended;
  const written =
    end.kind === "finish"
      ? (await store.finish(entry, { document: end.document }, signal)).finish
      : await store.release(entry, end.document, signal);
  if (written.kind !== "written") return;
  const next = end.kind === "finish" ? `it has ended (${end.document.run.state})` : "it waits for another attempt";
  log.info(`${entry.run.name}  ${words}; ${next}`);
}
