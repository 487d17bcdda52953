/*
 * Glossary
 *   launch spec     what to run; written by the submitter
 *   launch config   how this place runs things, and the ceiling of what a spec may ask; written by the admin
 *   run             one execution of a spec: a run id, attempts, a state and a record
 *   resource        where it executes: local-process, local-container, …
 *   builder         turns a source into an image
 *   store           keeps runs (and queues)
 *   record          the JSON that says exactly what ran, enough to run it again
 *
 * A run's states: queued → leased → building → starting → running → succeeded | failed | cancelled.
 * A run that no queue holds starts at building (or starting, when nothing is built).
 */
export const runStates = [
  "queued",
  "leased",
  "building",
  "starting",
  "running",
  "succeeded",
  "failed",
  "cancelled",
] as const;
export type RunState = (typeof runStates)[number];

export type FinalState = "succeeded" | "failed" | "cancelled";

export function isFinal(state: RunState): state is FinalState {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}

/** Why a run ended as it did. The list is closed: machines match on it. */
export const runReasons = [
  "exit-code",
  "signal",
  "timeout",
  "out-of-memory",
  "preempted",
  "lost",
  "source-failed",
  "build-failed",
  "image-pull",
  "unschedulable",
  "submit-failed",
  "refused",
  "cancelled",
] as const;
export type RunReason = (typeof runReasons)[number];
