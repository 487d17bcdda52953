import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { didYouMean, suggestionFor } from "../spec/reading/suggestion.ts";
import type { AgentBeat } from "../run/beat.ts";
import type { AgentStore, SeenAgent, StopLevel } from "../stores/agent-store.ts";
import type { QueueEntry, QueueSnapshot, QueueStore } from "../stores/queue-store.ts";
import { factOf } from "./leases/process-fact.ts";
import { boundsOf } from "./request.ts";
import { type StoppedUnread, stopUnread } from "./stop-unread.ts";

/*
 * Agents are asked through their store, so it doesn't matter on which machine they are. An agent sees the request at its next look, and
 * its beat says so. One that is gone never does: then its beat is taken away, unless it holds runs that others have yet to take over.
 */

export type StopAgents = {
  readonly names: readonly string[];
  readonly level: StopLevel;
  /** How long an answer is waited for. */
  readonly waitMs: number;
};

export type StopAnswer =
  /** It takes no more runs. */
  | "draining"
  /** It ends its runs. */
  | "stopping"
  /** It has left. */
  | "ended"
  /** Its process is no more, or it has been silent for too long; what others saw of it is taken away. */
  | "gone"
  /** As `gone`, but it holds runs: those who take them over forget it. */
  | "gone-with-runs"
  /** It has said nothing. The request stays. */
  | "silent";

export type StoppedAgent = StoppedSeen | StoppedUnread;

export type StoppedSeen = {
  /** The last that was seen of it. */
  readonly beat: AgentBeat;
  readonly answer: StopAnswer;
  /** The runs that it holds. */
  readonly runs: readonly string[];
};

export type StopServices = {
  readonly store: AgentStore & Pick<QueueStore, "snapshot">;
  readonly clock: Clock;
  readonly state: StateDirectory;
};

const lookMs = 1_000;

/** The runs that an agent holds now; its beat names those of the time at which it was written. */
export function runsOf(beat: AgentBeat, entries: readonly QueueEntry[]): readonly string[] {
  return leasedTo(beat, entries).map(({ run }) => run.run_id);
}

/** What is leased to this very incarnation. */
export function leasedTo({ agent, incarnation }: AgentBeat, entries: readonly QueueEntry[]): readonly QueueEntry[] {
  return entries.filter(({ place, run: { lease } }) => {
    return place === "leased" && lease?.agent === agent && lease.incarnation === incarnation;
  });
}

/** Asks agents to stop and waits for their answers. Throws `not-found`, before any is asked, when one isn't there. */
export async function stopAgents(
  { names, level, waitMs }: StopAgents,
  services: StopServices,
  signal: AbortSignal,
): Promise<readonly StoppedAgent[]> {
  const { store, clock, state } = services;
  const { agents, unreadableBeats } = await store.snapshot("all", signal);
  const unreadNames = [...new Set(names)].filter((agent) => unreadableBeats?.has(agent));
  const wanted = [...new Set(names)]
    .filter((name) => !unreadNames.includes(name))
    .map((name) => agentNamed(name, { agents, unreadable: [...(unreadableBeats?.keys() ?? [])] }));
  const unread = unreadNames.map((agent) => {
    const beat = unreadableBeats?.get(agent) ?? { version: "", why: "" };
    return stopUnread({ agent, ...beat }, { ...services, waitMs }, signal);
  });
  const answers = new Map<SeenAgent, StoppedSeen>();
  for (const seen of wanted) {
    if ((await factOf(seen.beat, state)) === "gone") answers.set(seen, await dismiss(seen, services, signal));
    else await store.requestStop(seen, level, signal);
  }
  const queues = [...new Set(wanted.flatMap(({ beat }) => beat.queues))];
  for (const endMs = clock.monotonicMs() + waitMs; answers.size < wanted.length;) {
    const snapshot = await store.snapshot(queues, signal);
    for (const seen of wanted) {
      const answer = answerOf(seen, level, snapshot);
      if (answer !== undefined && !answers.has(seen)) answers.set(seen, answer);
    }
    const leftMs = endMs - clock.monotonicMs();
    if (leftMs <= 0 || answers.size === wanted.length) break;
    await clock.sleep(Math.min(lookMs, leftMs), signal);
  }
  const heard = wanted.map(async (seen) => answers.get(seen) ?? (await withoutAnswer(seen, services, signal)));
  return Promise.all([...heard, ...unread]);
}

type NamedAgents = { readonly agents: readonly SeenAgent[]; readonly unreadable: readonly string[] };

function agentNamed(name: string, { agents, unreadable }: NamedAgents): SeenAgent {
  const found = agents.find(({ beat }) => beat.agent === name);
  if (found !== undefined) return found;
  const suggestion = suggestionFor(name, [...agents.map(({ beat }) => beat.agent), ...unreadable]);
  const hint = suggestion === undefined ? "; launch agent list shows those there are" : didYouMean(suggestion);
  throw new LaunchError("not-found", `there is no agent "${name}"${hint}`);
}

/** What its beat says by now; undefined while it says nothing. */
function answerOf(asked: SeenAgent, level: StopLevel, { agents, entries }: QueueSnapshot): StoppedSeen | undefined {
  const { agent, incarnation } = asked.beat;
  const now = agents.find(({ beat }) => beat.agent === agent && beat.incarnation === incarnation);
  if (now === undefined) return { beat: asked.beat, answer: "ended", runs: [] };
  const { state } = now.beat;
  if (state !== "stopping" && (state !== "draining" || level !== "drain")) return undefined;
  return { beat: now.beat, answer: state, runs: runsOf(now.beat, entries) };
}

/** An agent that can't answer: its beat goes, unless it holds runs. */
async function dismiss(seen: SeenAgent, { store }: StopServices, signal: AbortSignal): Promise<StoppedSeen> {
  const { agents, entries } = await store.snapshot("all", signal);
  const { agent, incarnation } = seen.beat;
  const current = agents.find(({ beat }) => beat.agent === agent && beat.incarnation === incarnation);
  if (current === undefined) return { beat: seen.beat, answer: "ended", runs: [] };
  const runs = runsOf(current.beat, entries);
  if (runs.length > 0) return { beat: current.beat, answer: "gone-with-runs", runs };
  await store.forget({ agent, version: current.version }, signal);
  return { beat: current.beat, answer: "gone", runs };
}

/**
 * Of who has not answered in all this time, and whose last beat is older than its lease allows, nothing is left but the beat. Its time is
 * by the wall clocks of two machines; an agent that is there after all writes its beat again.
 */
async function withoutAnswer(seen: SeenAgent, services: StopServices, signal: AbortSignal): Promise<StoppedSeen> {
  const silentMs = services.clock.now().getTime() - Date.parse(seen.beat.at);
  if (silentMs > boundsOf(seen.beat.lease.ttl_ms).takeoverMs) return dismiss(seen, services, signal);
  return { beat: seen.beat, answer: "silent", runs: [] };
}
