import { LaunchError } from "../../core/errors.ts";
import { ours, say } from "../../core/output/said.ts";
import type { QueueSnapshot } from "../../stores/queue-store.ts";
import type { Mode } from "../context.ts";
import { waking } from "./waking.ts";
import type { AgentEnd, AgentRequest, AgentServices } from "../request.ts";

export const endWords: Readonly<Record<AgentEnd, string>> = {
  drained: "the queues are empty",
  idle: "there was nothing to do for the idle time",
  "time-limit": "its time is over",
  signal: "it was asked to end",
  request: "somebody asked it to stop",
  conflict: "another agent of the same id is at work, so this one takes nothing more; give each its own name",
};

export type Life = {
  readonly mode: () => Mode;
  /** Aborted when it takes nothing more. */
  readonly leaving: AbortSignal;
  /** Why it takes nothing more; undefined while it does. */
  end(): AgentEnd | undefined;
  drain(why: AgentEnd): void;
  /** As `drain`, where nothing is to be said of it: all is done, or an error says it. */
  finish(why: AgentEnd | undefined): void;
  /** As `drain`, for what keeps this machine from running anything; the agent ends with the first of these. */
  readonly fail: (error: LaunchError) => void;
  failure(): LaunchError | undefined;
  /** Does what a snapshot says is asked of this incarnation. */
  obey(snapshot: QueueSnapshot, incarnation: string): void;
  onMode(told: () => void): void;
  readonly timeLeftMs: () => number | undefined;
  /** Aborted when the stores' loops have something to look at. */
  readonly wake: () => AbortSignal;
  /** Wakes them. */
  readonly changed: () => void;
  /** Aborted when writes are given up. */
  readonly writes: AbortSignal;
  readonly startedMs: number;
  close(): void;
};

/** On a machine that is taken away 10 s after its first signal, the runs' ends are written within what is left of that. */
const writesWithinMs = 6_500;
/** After a second signal: runs have ten seconds to end, and their ends are written after that. */
const writesAfterSecondMs = 10_000 + writesWithinMs;

/** The modes of an agent, and what changes them. */
export function lifeOf(request: AgentRequest, services: AgentServices, signal: AbortSignal): Life {
  const { clock, log, force } = services;
  const startedMs = clock.monotonicMs();
  const writes = untilGivenUp();
  const leaving = new AbortController();
  let mode: Mode = "working";
  let end: AgentEnd | undefined;
  let failure: LaunchError | undefined;
  let told: () => void = () => undefined;
  const loops = waking();
  const enter = (next: Mode, why: AgentEnd): void => {
    if (mode === next || mode === "stopping") return;
    mode = next;
    end ??= why;
    leaving.abort();
    log.info(next === "draining" ? say`no more runs are taken: ${ours(endWords[why])}` : say`the runs are being ended`);
    told();
    loops.wake();
  };
  const onFirst = (): void => {
    if (request.onSignal === "drain") {
      enter("draining", "signal");
      return;
    }
    writes.within(writesWithinMs, "its agent has no time left");
    enter("stopping", "signal");
  };
  const onSecond = (): void => {
    writes.within(
      writesAfterSecondMs,
      "its agent was told twice to end: what the store has not taken is for the next agent of this machine to write",
    );
    enter("stopping", "signal");
  };
  signal.addEventListener("abort", onFirst, { once: true });
  force?.addEventListener("abort", onSecond, { once: true });
  if (signal.aborted) onFirst();
  return {
    leaving: leaving.signal,
    mode: () => mode,
    end: () => end,
    drain: (why) => enter("draining", why),
    finish: (why) => {
      if (mode === "working") mode = "draining";
      end ??= why;
      leaving.abort();
      loops.wake();
    },
    fail: (error) => {
      if (failure !== undefined) return;
      failure = error;
      if (mode === "working") mode = "draining";
      leaving.abort();
      log.warning(say`no more runs are taken: ${error.message}`);
      told();
      loops.wake();
    },
    failure: () => failure,
    obey: ({ agents }, incarnation) => {
      const asked = agents.find(({ beat }) => beat.agent === request.agent && beat.incarnation === incarnation)?.stop;
      if (asked !== undefined) enter(asked === "now" ? "stopping" : "draining", "request");
    },
    onMode: (listener) => {
      told = listener;
    },
    timeLeftMs: () =>
      request.timeLimitMs === undefined ? undefined : startedMs + request.timeLimitMs - clock.monotonicMs(),
    wake: loops.signal,
    changed: loops.wake,
    writes: writes.signal,
    startedMs,
    close: () => {
      writes.close();
      signal.removeEventListener("abort", onFirst);
      force?.removeEventListener("abort", onSecond);
    },
  };
}

/** Writes are made until the first of the times that are set is over. */
function untilGivenUp() {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: over.signal,
    within: (ms: number, words: string): void => {
      timer ??= setTimeout(() => over.abort(new LaunchError("cancelled", words)), ms);
    },
    close: () => clearTimeout(timer),
  };
}
