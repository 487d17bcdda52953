import type { Lease, RunHead } from "../../../src/run/head.ts";
import type { RunDocument } from "../../../src/run/document.ts";

export function leaseOf(agent: string, attempt = 1): Lease {
  return { agent, incarnation: `${agent}-1`, attempt, since: "2026-11-23T10:01:00.000Z" };
}

/** A leased run's document at its end. */
export function endedRun(document: RunDocument, head: Partial<RunHead> = {}): RunDocument {
  return {
    ...document,
    run: { ...document.run, state: "succeeded", exit_code: 0, finished_at: "2026-11-23T10:05:00.000Z", ...head },
  };
}
