import type { Clock } from "../../core/clock.ts";
import { LaunchError, messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/output/log.ts";
import type { StateDirectory } from "../../core/state-directory.ts";
import { say } from "../../core/output/said.ts";
import type { AgentBeat } from "../../run/beat.ts";
import type { AgentStore, SeenAgent } from "../../stores/agent-store.ts";
import type { QueueStore } from "../../stores/queue-store.ts";
import { factOf } from "./process-fact.ts";
import { boundsOf } from "../request.ts";

/*
 * One beat for each agent, whatever it runs. It is written at the start, at each heartbeat and when the agent changes its mode. An agent
 * whose id is in use doesn't begin: the one that came first goes on.
 */
export type BeatContext = {
  readonly store: AgentStore & Pick<QueueStore, "snapshot">;
  readonly clock: Clock;
  readonly log: Log;
  readonly state: StateDirectory;
  readonly incarnation: string;
  readonly ttlMs: number;
  readonly heartbeatMs: number;
  /** The beat as of now, but for its number and time. */
  readonly current: () => Omit<AgentBeat, "sequence" | "at" | "schema_version">;
  /** Another agent writes under our id: it takes us for gone. */
  readonly onConflict: () => void;
};

export type Heartbeat = {
  /** Beats at once, for a change that others should see. */
  now(): void;
  /** Stops beating and takes the beat away. */
  leave(signal: AbortSignal): Promise<void>;
};

/** Takes the id, or throws `refused` when another agent has it. Waits for as long as that can't be told. */
export async function startHeartbeat(context: BeatContext, signal: AbortSignal): Promise<Heartbeat> {
  const { store, clock, log } = context;
  const writer = beatWriter(context);
  await takeId(context, writer, signal);
  const stopping = new AbortController();
  let wake = new AbortController();
  const beating = (async () => {
    for (let retryMs = 0; !stopping.signal.aborted;) {
      wake = new AbortController();
      const waking = AbortSignal.any([wake.signal, stopping.signal]);
      await clock.sleep(retryMs > 0 ? retryMs : context.heartbeatMs, waking).catch(() => undefined);
      if (isAborted(stopping.signal)) return;
      const written = await writer.write(signalOf(context, stopping.signal));
      if (written === "conflict") {
        context.onConflict();
        return;
      }
      const longestMs = Math.min(30_000, context.ttlMs / 8);
      retryMs = written === "written" ? 0 : Math.min(Math.max(retryMs * 2, 250), longestMs);
    }
  })();
  return {
    now: () => wake.abort(),
    leave: async (leaving) => {
      stopping.abort();
      await beating;
      const last = writer.last();
      if (last === undefined) return;
      try {
        await store.forget({ agent: last.beat.agent, version: last.version }, leaving);
      } catch (error) {
        log.debug(say`the agent's beat could not be taken away: ${messageOf(error)}`);
      }
    },
  };
}

/** Asked after a wait: what was known of it before is no longer so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** A beat that hangs is worth less than the next one. */
function signalOf({ ttlMs }: BeatContext, stopping: AbortSignal): AbortSignal {
  return AbortSignal.any([stopping, AbortSignal.timeout(Math.max(2_000, ttlMs / 4))]);
}

type BeatWriter = {
  write(signal: AbortSignal): Promise<"written" | "unknown" | "conflict">;
  last(): SeenAgent | undefined;
  /** Beats from this version on: it is of an agent that is gone. */
  replace(seen: SeenAgent): void;
};

function beatWriter({ store, clock, incarnation, current }: BeatContext): BeatWriter {
  let last: SeenAgent | undefined;
  let expected: string | undefined;
  let sequence = 0;
  const write = async (signal: AbortSignal, again: boolean): Promise<"written" | "unknown" | "conflict"> => {
    const beat: AgentBeat = { schema_version: 1, ...current(), sequence: ++sequence, at: clock.now().toISOString() };
    try {
      const result = await store.beat(beat, expected, signal);
      if (result.kind === "unknown") return "unknown";
      if (result.kind === "written") {
        expected = result.version;
        last = { beat, version: result.version };
        return "written";
      }
      const mine = result.current === undefined || result.current.beat.incarnation === incarnation;
      if (!mine) return "conflict";
      // Ours of before, whose answer was lost, or taken away by somebody who took us for gone.
      expected = result.current?.version;
      return again ? await write(signal, false) : "unknown";
    } catch (error) {
      // Who may not write at all never will; later on the store may be in trouble, and runs go on.
      if (last === undefined && error instanceof LaunchError && error.code === "refused") throw error;
      return "unknown";
    }
  };
  return {
    write: (signal) => write(signal, true),
    last: () => last,
    replace: (seen) => {
      expected = seen.version;
    },
  };
}

const lookMs = 1_000;

/** The first beat: into a free place, or over that of an agent that is surely gone. */
async function takeId(context: BeatContext, writer: BeatWriter, signal: AbortSignal): Promise<void> {
  const { store, clock, log, state, ttlMs } = context;
  const { agent, queues } = context.current();
  let watched: { readonly seen: SeenAgent; readonly sinceMs: number } | undefined;
  for (;;) {
    const written = await writer.write(signal);
    if (written === "written") return;
    signal.throwIfAborted();
    const seen = (await store.snapshot(queues, signal)).agents.find(({ beat }) => beat.agent === agent);
    if (written === "conflict" && seen !== undefined) {
      const fact = await factOf(seen.beat, state);
      if (fact === "there" || (watched !== undefined && watched.seen.version !== seen.version)) throw inUse(seen);
      if (watched === undefined) {
        watched = { seen, sinceMs: clock.monotonicMs() };
        if (fact === "unknown") {
          log.info(
            say`an agent "${agent}" of ${seen.beat.host} was here at ${seen.beat.at}; waiting to see whether it is gone`,
          );
        }
      }
      const silentMs = clock.monotonicMs() - watched.sinceMs;
      if (fact === "gone" || silentMs >= boundsOf(Math.max(ttlMs, seen.beat.lease.ttl_ms)).takeoverMs) {
        writer.replace(seen);
        continue;
      }
    }
    await clock.sleep(Math.min(lookMs, ttlMs / 8), signal);
  }
}

function inUse({ beat }: SeenAgent): LaunchError {
  return new LaunchError(
    "refused",
    `an agent named "${beat.agent}" is at work already (on ${beat.host}, with ${beat.runs.length} runs); stop it, or give this one another name`,
  );
}
