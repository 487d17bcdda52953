import type { AgentBeat } from "../run/beat.ts";

/*
 * Agents in a store: each says by a beat that it is there, and is asked through the store to stop. A snapshot of the queues (queue-store.ts)
 * shows them beside the runs, since a beat says something of an agent's leases only when both are seen at one moment.
 */

/** What somebody asks of an agent: to take no more runs, or to end those that it has too. */
export type StopLevel = "drain" | "now";

export type SeenAgent = {
  readonly beat: AgentBeat;
  readonly version: string;
  /** Somebody wants this very incarnation to stop; it sees this at its next look. */
  readonly stop?: StopLevel;
};

/** An agent's beat in one version, whether it can be read or not. */
export type BeatVersion = { readonly agent: string; readonly version: string };

export type BeatWrite =
  | { readonly kind: "written"; readonly version: string }
  | { readonly kind: "conflict"; readonly current: SeenAgent | undefined }
  | { readonly kind: "unknown"; readonly message: string };

export interface AgentStore {
  /** Writes an agent's beat; `conflict` when another agent of the same id writes too. */
  beat(beat: AgentBeat, expected: string | undefined, signal: AbortSignal): Promise<BeatWrite>;
  /** Asks an agent to stop, in this incarnation: one that starts later under its id is not asked. Throws when that could not be written. */
  requestStop(agent: SeenAgent, level: StopLevel, signal: AbortSignal): Promise<void>;
  /** Removes an agent's beat, and what was asked of it: it has left, or it is gone and holds nothing. */
  forget(beat: BeatVersion, signal: AbortSignal): Promise<void>;
}
