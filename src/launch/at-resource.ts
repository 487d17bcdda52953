import type { Handle } from "../run/handle.ts";
import type { OutputSink, Resource, RunRequest } from "../resources/resource.ts";
import type { StartWaits } from "../resources/start-wait.ts";
import type { EndedBy, ResourceOutcome } from "../run/outcome.ts";

export type AtResourceRequest = {
  readonly resource: Resource;
  /** Undefined for a run that is there already: it is followed, not submitted. */
  readonly asked: RunRequest | undefined;
  readonly handle: Handle;
  /** Told what the run waits for, before it counts as started and after. */
  readonly waits: StartWaits;
  readonly timeoutMs: number | undefined;
  /** Aborted when a run that is being ended should get no more time to end by itself. */
  readonly force: AbortSignal | undefined;
  /** SIGTERM to SIGKILL on a cancel. */
  readonly cancelGraceMs: number;
  /** Aborted before `signal` is: then the following ends, and not the run. */
  readonly letGo: AbortSignal | undefined;
};

/** A run at its resource. The three are called one after another, `remove` whatever came of the others. */
export type RunAtResource = {
  submit(): Promise<void>;
  /**
   * Follows the run to its end. A timeout or a cancel ends the run, never just the following, so that the outcome is what the resource
   * saw.
   */
  follow(sink: OutputSink): Promise<Followed>;
  /** Once it has ended, or could not be ended. Throws what stands in the way, which doesn't change how it ended. */
  remove(): Promise<void>;
};

export type Followed = { readonly seen: ResourceOutcome; readonly endedBy: EndedBy };

/** SIGTERM to SIGKILL when a timeout ends a run. */
const timeoutGraceMs = 10_000;
/** The same when we are being ended ourselves: GitHub's runner kills us 10 s after its first signal. */
export const cancelGraceMs = 5_000;

/** One that is left is submitted to the end where that is soon: whoever follows it then finds it. */
const submitWithinMs = 3_000;

export function runAtResource(request: AtResourceRequest, signal: AbortSignal): RunAtResource {
  const { resource, asked, handle, force, timeoutMs, waits } = request;
  let endedBy: EndedBy;
  let ending: Promise<void> | undefined;
  const end = (by: EndedBy, graceMs: number): void => {
    if (ending !== undefined) return;
    endedBy = by;
    ending = resource.cancel(handle, graceMs);
    // `follow` reports what became of the run, also of one that could not be ended.
    ending.catch(() => undefined);
  };
  const following = new AbortController();
  const onAbort = (): void => {
    if (request.letGo?.aborted === true) following.abort(signal.reason);
    else end({ kind: "cancelled" }, request.cancelGraceMs);
  };
  const onForce = (): void => void resource.cancel(handle, 0).catch(() => undefined);
  const onTimeout = (afterMs: number): void => end({ kind: "timeout", afterMs }, timeoutGraceMs);

  return {
    submit: async () => {
      if (asked === undefined) return;
      const giveUp = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const onStop = (): void => {
        if (request.letGo?.aborted !== true) giveUp.abort(signal.reason);
        else timer = setTimeout(() => giveUp.abort(signal.reason), submitWithinMs);
      };
      signal.addEventListener("abort", onStop, { once: true });
      if (signal.aborted) onStop();
      try {
        await resource.submit(asked, { handle, waits }, giveUp.signal);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", onStop);
      }
    },
    follow: async (sink) => {
      signal.addEventListener("abort", onAbort, { once: true });
      force?.addEventListener("abort", onForce, { once: true });
      if (signal.aborted) onAbort();
      const timer = timeoutMs === undefined ? undefined : setLongTimeout(() => onTimeout(timeoutMs), timeoutMs);
      try {
        const seen = await resource.follow(handle, { sink, waits }, following.signal);
        return { seen, endedBy };
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        force?.removeEventListener("abort", onForce);
        following.abort();
      }
    },
    remove: async () => {
      // One that could not be ended is removed all the same.
      await ending?.catch(() => undefined);
      await resource.remove(handle);
    },
  };
}

/** Node's timers end at once beyond 2^31 - 1 ms (24.8 days); a longer timeout is as good as that one. */
function setLongTimeout(action: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(action, Math.min(ms, 2 ** 31 - 1));
}
