import { setTimeout as delay } from "node:timers/promises";
import { LaunchError } from "../../core/errors.ts";
import type { OutputSink } from "../resource.ts";
import type { ResourceOutcome } from "../../run/outcome.ts";
import type { ProcessTree } from "./process-tree.ts";
import type { RunState } from "./run-state.ts";
import type { StartedProcess } from "./start.ts";

/** What the head has left running may go on for this long after it; a container's would not get that much. */
const leftoverMs = 2_000;
const leftoverGraceMs = 2_000;
const pollMs = 250;

/** Follows our own child to its end, and ends what it leaves behind. */
export async function followProcess(
  { started: { pump, outcome }, tree }: { readonly started: StartedProcess; readonly tree: ProcessTree },
  sink: OutputSink,
  signal: AbortSignal,
): Promise<ResourceOutcome> {
  pump.connect(sink);
  const stopped = rejectionOn(signal);
  try {
    // The pump can end before the head (which may close its output), and it rejects when the sink does.
    const seen = await Promise.race([pump.drained.then(() => outcome), outcome, stopped.rejection]);
    await Promise.race([endLeftovers(tree), stopped.rejection]);
    await Promise.race([pump.settle(leftoverMs), stopped.rejection]);
    return seen;
  } finally {
    stopped.forget();
  }
}

/** What a run left outside of its group may go on for a moment, and is ended then. */
export async function endLeftovers(tree: ProcessTree): Promise<void> {
  if (!(await tree.goneWithin(leftoverMs))) await tree.end(leftoverGraceMs);
}

/** Waits for the end of a run whose launcher is gone, or is another process. */
export async function followOrphan(state: RunState, tree: ProcessTree, signal: AbortSignal): Promise<ResourceOutcome> {
  while (await tree.isThere()) await pause(pollMs, signal);
  // The launcher, if it still lives, sees the end at the same time as we do: give it the moment to write it down.
  for (let waited = 0; ; waited += pollMs) {
    const outcome = await state.readOutcome();
    if (outcome !== undefined) return outcome;
    if (waited >= leftoverMs) break;
    await pause(pollMs, signal);
  }
  return lostOutcome;
}

export const lostOutcome: ResourceOutcome = {
  kind: "failed",
  reason: "lost",
  message: "the process has ended, but who watched it was gone by then, so its exit code is not known",
};

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    throw notFollowed(error);
  }
}

export function notFollowed(cause: unknown): LaunchError {
  return new LaunchError("cancelled", "the run is no longer followed", { cause });
}

function rejectionOn(signal: AbortSignal): { readonly rejection: Promise<never>; forget(): void } {
  let stop: () => void = () => undefined;
  const rejection = new Promise<never>((_, reject) => {
    stop = () => reject(notFollowed(signal.reason));
  });
  rejection.catch(() => undefined);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  return { rejection, forget: () => signal.removeEventListener("abort", stop) };
}
