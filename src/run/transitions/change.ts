import { LaunchError } from "../../core/errors.ts";
import { toJson } from "../../core/json.ts";
import type { RunDocument } from "../document.ts";
import { heldMessage } from "../bounds.ts";
import type { QueuedHead, RunHead } from "../head.ts";
import type { RunOutcome } from "../outcome.ts";
import type { RunState } from "../states.ts";

/* What transitions are made of; which there are stands in ../transitions.ts. */

export type Transition<T = RunDocument> =
  { readonly kind: "done"; readonly to: T } | { readonly kind: "refused"; readonly why: string };

const held = ["leased", "building", "starting", "running"] as const;
export const begun = ["building", "starting", "running"] as const;
const ends = ["succeeded", "failed", "cancelled"] as const;

const from = {
  taken: ["queued"],
  untaken: ["leased"],
  takenOver: held,
  building: ["starting"],
  starting: ["starting", "building"],
  running: ["starting", "running"],
  finished: begun,
  ended: held,
  concluded: ends,
  waitsAgain: ["failed", "cancelled"],
  stopped: ["cancelled"],
  preempted: ["cancelled"],
  unwanted: ["failed"],
  cancelled: ["queued"],
  prioritized: ["queued"],
  requeued: ends,
  held: ["queued"],
  movedTo: ["queued"],
  released: ["queued"],
  stayed: ["queued"],
} as const satisfies Record<string, readonly RunState[]>;

/** The transition of this name, where it is allowed from the state that the run is in. */
export function made<T>(
  name: keyof typeof from,
  { run_id: runId, state }: Pick<RunHead, "run_id" | "state">,
  to: () => T,
): Transition<T> {
  const states: readonly RunState[] = from[name];
  if (states.includes(state)) return { kind: "done", to: to() };
  return { kind: "refused", why: `run "${runId}" is ${state}, and only what is ${orWords(states)} can be ${name}` };
}

function orWords(states: readonly RunState[]): string {
  return states.length === 1 ? states.join("") : `${states.slice(0, -1).join(", ")} or ${states.slice(-1).join("")}`;
}

/** What came of a transition. Throws `store-conflict` for one that was refused: the run isn't any more what it was taken for. */
export function doneOf<T>(transition: Transition<T>): T {
  if (transition.kind === "done") return transition.to;
  throw new LaunchError("store-conflict", `${transition.why}; look at it, and try again`);
}

/** What head and record both say of an end, by the same names. */
export type End = Pick<RunHead, "state" | "reason" | "message" | "exit_code" | "finished_at">;
export const ofAnEnd = ["reason", "message", "exit_code", "finished_at"] as const;
/** What else they say of an attempt, and the record alone. */
export const ofAnAttempt = [...ofAnEnd, "started_at", "metrics"] as const;

/** The document at an end, or at another: head and record say the same, and nobody holds it. */
export function become({ run, record, ...parts }: RunDocument, end: End, now: Date): RunDocument {
  return {
    ...parts,
    run: {
      ...without(run, [...ofAnEnd, "lease", "moved"]),
      ...end,
      ...(end.message === undefined ? {} : { message: heldMessage(end.message) }),
      updated_at: now.toISOString(),
    },
    record: toJson({ ...without(record, ofAnEnd), attempt: run.attempt, ...end }),
  };
}

/** Of an end, which lists show: a line, or some. */
const longestMessage = 8_000;

export function endOf(outcome: RunOutcome, now: Date): End {
  return {
    state: outcome.state,
    ...(outcome.state === "succeeded"
      ? {}
      : { reason: outcome.reason, message: outcome.message.slice(0, longestMessage) }),
    ...(outcome.exitCode === undefined ? {} : { exit_code: outcome.exitCode }),
    finished_at: now.toISOString(),
  };
}

export function without<T extends object, Key extends string>(value: T, keys: readonly Key[]): Omit<T, Key> {
  const kept = { ...value };
  for (const key of keys) Reflect.deleteProperty(kept, key);
  return kept;
}

/** The transition of a run that a queue has, or had. */
export function madeInQueue(
  name: keyof typeof from,
  document: RunDocument,
  to: (queued: QueuedHead) => RunDocument,
): Transition {
  const { queued, run_id: runId } = document.run;
  if (queued !== undefined) return made(name, document.run, () => to(queued));
  return { kind: "refused", why: `run "${runId}" has nothing about its queue` };
}

/** The document of a run that waits, with what is to be said of its queue from now on. */
export function waiting(document: RunDocument, queued: QueuedHead, now: Date): RunDocument {
  return { ...document, run: { ...document.run, queued, updated_at: now.toISOString() } };
}
