import type { Handle } from "../run/handle.ts";
import type { OutputSink, Resource, RunRequest } from "../resources/resource.ts";
import type { StartWaits } from "../resources/start-wait.ts";
import type { Elsewhere } from "./services.ts";
import type { ResourceOutcome } from "../run/outcome.ts";
import type { EndedBy } from "../run/outcome.ts";

export type ExecuteRequest = {
  readonly resource: Resource;
  /** Undefined for a run that is there already: it is followed, not submitted. */
  readonly run: RunRequest | undefined;
  readonly handle: Handle;
  readonly sink: OutputSink;
  /** Told what the run waits for, before it counts as started and after. */
  readonly waits: StartWaits;
  readonly timeoutMs: number | undefined;
  /** What is to be found out of a run that has started; it is not removed before. */
  readonly onStarted: () => Promise<void>;
  /** The run has ended, and something of it could not be removed. */
  readonly onLeft: (error: unknown) => void;
  /** Aborted when a run that is being ended should get no more time to end by itself. */
  readonly force: AbortSignal | undefined;
  /** Of a run that may be left as it is, and is not removed before its end is known to others. */
  readonly elsewhere?: Elsewhere | undefined;
  /** SIGTERM to SIGKILL on a cancel. */
  readonly cancelGraceMs: number;
  /** Told before the run is removed, and with it what another could know its end by. */
  readonly onEnded: (executed: Executed) => Promise<void>;
};

export type Executed = { readonly seen: ResourceOutcome; readonly endedBy: EndedBy };

/** SIGTERM to SIGKILL when a timeout ends a run. */
const timeoutGraceMs = 10_000;
/** The same when we are being ended ourselves: GitHub's runner kills us 10 s after its first signal. */
export const cancelGraceMs = 5_000;

/**
 * Submits a run and follows it to its end. A timeout or a cancel ends the run, never just the following, so that the outcome is
 * what the resource saw. The run is removed whatever happens; what stands in the way of that doesn't change how it ended. One that
 * is elsewhere may be left as it is, and once its end was seen its agent removes it.
 */
export async function execute(request: ExecuteRequest, signal: AbortSignal): Promise<Executed> {
  const { resource, run, handle, force, waits, elsewhere } = request;
  let endedBy: EndedBy;
  let ending: Promise<void> | undefined;
  const end = (by: EndedBy, graceMs: number): void => {
    if (ending !== undefined) return;
    endedBy = by;
    ending = resource.cancel(handle, graceMs);
    // `follow` reports what became of the run, also of one that could not be ended.
    ending.catch(() => undefined);
  };
  const onForce = (): void => void resource.cancel(handle, 0).catch(() => undefined);
  const following = new AbortController();
  const onAbort = (): void => {
    if (elsewhere?.letGo.aborted === true) following.abort(signal.reason);
    else end({ kind: "cancelled" }, request.cancelGraceMs);
  };
  let mayBeThere = run === undefined;
  let seen: ResourceOutcome | undefined;
  let timer: NodeJS.Timeout | undefined;
  let noted: Promise<void> | undefined;
  try {
    if (run !== undefined) {
      // Another may have the run by now.
      if (elsewhere !== undefined) signal.throwIfAborted();
      mayBeThere = true;
      await resource.submit(run, { handle, waits }, signal);
    }
    noted = request.onStarted();
    noted.catch(() => undefined);
    signal.addEventListener("abort", onAbort, { once: true });
    force?.addEventListener("abort", onForce, { once: true });
    if (signal.aborted) onAbort();
    const { timeoutMs } = request;
    if (timeoutMs !== undefined)
      timer = setLongTimeout(() => end({ kind: "timeout", afterMs: timeoutMs }, timeoutGraceMs), timeoutMs);
    seen = await resource.follow(handle, { sink: request.sink, waits }, following.signal);
    await noted;
    await request.onEnded({ seen, endedBy });
    return { seen, endedBy };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    force?.removeEventListener("abort", onForce);
    following.abort();
    // One that could not be ended is removed all the same.
    await ending?.catch(() => undefined);
    if (elsewhere?.letGo.aborted === true && mayBeThere && seen === undefined) elsewhere.onLeft();
    else if (elsewhere === undefined || seen === undefined) await resource.remove(handle).catch(request.onLeft);
  }
}

/** Node's timers end at once beyond 2^31 - 1 ms (24.8 days); a longer timeout is as good as that one. */
function setLongTimeout(action: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(action, Math.min(ms, 2 ** 31 - 1));
}
