import { LaunchError } from "../../../core/errors.ts";
import { queueNamePattern as namePattern } from "../../../queues/definition.ts";
import { parseKey, type QueueKey } from "../../../queues/key.ts";
import type { StopLevel } from "../../agent-store.ts";
import type { QueuePlace } from "../../queue-store.ts";

/*
 * The refs of queues. Below refs/launch/v1/:
 *   q/<queue>/{p,l,d}/<key>   a run that waits, is leased, has ended
 *   q/<queue>/x/<key>         somebody wants it cancelled
 *   q/<queue>/c/paused        the queue takes no new leases
 *   q/<queue>/c/turn          changes with each claim of a queue with limits
 *   q/<queue>/c/folded        where folded runs are in the log, by month of their end
 *   log/<queue>               ended runs, folded: one chain of commits, the tip's tree has them all
 *   id                        the store's own id is what it has as its value
 *   a/<agent>                 an agent's last beat
 *   s/<agent>/<incarnation>/{drain,now}   somebody wants that agent to stop
 */
export const queueRefs = "refs/launch/v1/q/";
export const agentRefs = "refs/launch/v1/a/";
export const stopRefs = "refs/launch/v1/s/";
export const idRef = "refs/launch/v1/id";
const logRefs = "refs/launch/v1/log/";

const letters = { waiting: "p", leased: "l", ended: "d" } as const satisfies Record<QueuePlace, string>;
const places: Readonly<Record<string, QueuePlace>> = { p: "waiting", l: "leased", d: "ended" };

/** The names of a queue become parts of refs and of git's patterns: nothing but a plain word may. */
export function queuePrefix(queue: string): string {
  if (namePattern.test(queue)) return `${queueRefs}${queue}/`;
  throw new LaunchError("bad-usage", `queue "${queue}": a name has a-z, 0-9 and "-", at most 64 characters`);
}

export function entryRef(queue: string, place: QueuePlace, key: string): string {
  return `${queuePrefix(queue)}${letters[place]}/${key}`;
}

export function cancelRef(queue: string, key: string): string {
  return `${queuePrefix(queue)}x/${key}`;
}

export function pausedRef(queue: string): string {
  return `${queuePrefix(queue)}c/paused`;
}

export function turnRef(queue: string): string {
  return `${queuePrefix(queue)}c/turn`;
}

export function foldedRef(queue: string): string {
  return `${queuePrefix(queue)}c/folded`;
}

export function logRef(queue: string): string {
  queuePrefix(queue);
  return `${logRefs}${queue}`;
}

export function agentRef(agent: string): string {
  if (namePattern.test(agent)) return `${agentRefs}${agent}`;
  throw new LaunchError("bad-usage", `agent "${agent}": an id has a-z, 0-9 and "-", at most 64 characters`);
}

export function stopRef(agent: string, incarnation: string, level: StopLevel): string {
  agentRef(agent);
  if (namePattern.test(incarnation)) return `${stopRefs}${agent}/${incarnation}/${level}`;
  throw new LaunchError("store-failed", `agent "${agent}" has a beat without an incarnation that can be named`);
}

/** One run's ref in a queue. */
export type Tip = {
  readonly name: string;
  readonly id: string;
  readonly queue: string;
  readonly place: QueuePlace;
  readonly key: string;
  readonly parsed: QueueKey;
};

/** All refs of queues and agents that a listing has, by what they are. */
export type QueueRefs = {
  readonly tips: readonly Tip[];
  /** Names of cancel requests, with their values. */
  readonly cancels: ReadonlyMap<string, string>;
  readonly paused: readonly string[];
  /** Queue → value. */
  readonly turns: ReadonlyMap<string, string>;
  /** Queue → value. */
  readonly folded: ReadonlyMap<string, string>;
  readonly agents: readonly { readonly agent: string; readonly name: string; readonly id: string }[];
  readonly stops: readonly StopMark[];
  /** Names that no launch of this version makes. */
  readonly foreign: readonly ForeignRef[];
};

/** `key` is what of the name stands behind its queue's. */
export type ForeignRef = {
  readonly queue: string;
  readonly key: string;
  readonly name: string;
  readonly id: string;
};

/** Somebody's wish that an agent stops. */
export type StopMark = {
  readonly agent: string;
  readonly incarnation: string;
  readonly level: StopLevel;
  readonly name: string;
  readonly id: string;
};

function stopMark(name: string, id: string): readonly StopMark[] {
  const [agent = "", incarnation = "", level, ...rest] = name.slice(stopRefs.length).split("/");
  if ((level !== "drain" && level !== "now") || rest.length > 0) return [];
  return [{ agent, incarnation, level, name, id }];
}

export function sortRefs(refs: ReadonlyMap<string, string>): QueueRefs {
  const tips: Tip[] = [];
  const cancels = new Map<string, string>();
  const paused: string[] = [];
  const turns = new Map<string, string>();
  const folded = new Map<string, string>();
  const agents: QueueRefs["agents"][number][] = [];
  const stops: StopMark[] = [];
  const foreign: QueueRefs["foreign"][number][] = [];
  for (const [name, id] of refs) {
    if (name.startsWith(agentRefs)) {
      const agent = name.slice(agentRefs.length);
      if (namePattern.test(agent)) agents.push({ agent, name, id });
    } else if (name.startsWith(stopRefs)) stops.push(...stopMark(name, id));
    else if (name.startsWith(queueRefs)) {
      const [queue = "", letter = "", key = "", ...rest] = name.slice(queueRefs.length).split("/");
      // What isn't ours must not stop us: no ref can be named after a queue of such a name.
      const isOurs = namePattern.test(queue) && rest.length === 0;
      const place = places[letter];
      const parsed = isOurs ? parseKey(key) : undefined;
      if (place !== undefined && parsed !== undefined) tips.push({ name, id, queue, place, key, parsed });
      else if (letter === "x" && parsed !== undefined) cancels.set(name, id);
      else if (isOurs && letter === "c" && key === "paused") paused.push(queue);
      else if (isOurs && letter === "c" && key === "turn") turns.set(queue, id);
      else if (isOurs && letter === "c" && key === "folded") folded.set(queue, id);
      else foreign.push({ queue, key: [letter, key, ...rest].join("/"), name, id });
    }
  }
  return { tips, cancels, paused, turns, folded, agents, stops, foreign };
}
