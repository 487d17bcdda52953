import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/output/log.ts";
import { named, ours, quoted, say } from "../../core/output/said.ts";
import type { QueueEntry, QueueStore } from "../../stores/queue-store.ts";
import { endOfAttempt } from "../../run/end-of-attempt.ts";
import { lost } from "../../run/transitions.ts";
import { writeAlone } from "./write-end.ts";

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
  const gone = lost(document, words, now);
  if (gone.kind === "refused") {
    log.debug(quoted(gone.why));
    return;
  }
  const agent = entry.run.lease?.agent ?? "";
  const cut = entry.cancelRequested ? "unwanted" : undefined;
  const end = endOfAttempt({ ended: gone.to, agent, host, cut, now });
  const written = await writeAlone({ store, entry }, end, signal);
  if (written.kind !== "written") return;
  const next = end.kind === "finish" ? `it has ended (${end.document.run.state})` : "it waits for another attempt";
  log.info(say`${named(entry.run.name)}  ${words}; ${ours(next)}`);
}
