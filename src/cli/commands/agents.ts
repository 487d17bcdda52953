import { oneLine, jsonText } from "../../core/output/terminal-text.ts";
import { homedir } from "node:os";
import { leasedTo, type StopAnswer, type StoppedAgent, stopAgents } from "../../agent/stop-agents.ts";
import { systemClock } from "../../core/clock.ts";
import { formatDuration, parseDuration } from "../../core/duration.ts";
import { exitCodes, LaunchError } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { stateDirectoryOf } from "../../core/state-directory.ts";
import { slotsNow } from "../../queueing/agent-slots.ts";
import { formatCommandLine } from "../../core/command-line.ts";
import { counted } from "../../core/counted.ts";
import type { AgentBeat } from "../../run/beat.ts";
import type { SeenAgent } from "../../stores/agent-store.ts";
import type { UnreadableBeat } from "../../stores/queue-store.ts";
import { columns } from "../terminal/columns.ts";
import type { Console } from "../terminal/console.ts";
import type { AgentListFlags, AgentStopFlags } from "../program/flags.ts";
import { withRuns } from "../program/open-runs.ts";

/** `launch agent list`. */
export async function listAgentsCommand(flags: AgentListFlags, console: Console): Promise<number> {
  const { signal } = new AbortController();
  const snapshot = await withRuns(flags, console, ({ store }) => store.snapshot("all", signal));
  const { agents, entries, unreadableBeats = new Map<string, UnreadableBeat>() } = snapshot;
  const listed = agents.map((seen) => {
    const { beat } = seen;
    const leased = leasedTo(beat, entries);
    const slots = slotsNow({ beat, leased, isAll: true });
    return { ...seen, beat: { ...beat, slots }, runs: leased.map(({ run }) => run.run_id) };
  });
  const unreadable = [...unreadableBeats].map(([agent, { why }]) => ({ agent, unreadable: why }));
  const { out } = console;
  if (flags.json === true) {
    await out.write([...listed.map(listedOf), ...unreadable].map((agent) => `${jsonText(agent)}\n`).join(""));
  } else if (listed.length + unreadable.length === 0) await out.write("no agents; start one: launch agent -q QUEUE\n");
  else {
    const head = ["agent", "state", "host", "queues", "jobs", "slots", "last seen"];
    if (listed.length > 0) await out.write(`${columns([head, ...listed.map(rowOf)])}\n`);
    await out.write(
      unreadable
        .map(({ agent, unreadable: why }) => `${agent} can't be read: ${oneLine(why)}; ${takeOff(agent)}\n`)
        .join(""),
    );
  }
  return exitCodes.succeeded;
}

function takeOff(agent: string): string {
  return `where it is no agent's any more: ${formatCommandLine(["launch", "agent", "stop", agent])}`;
}

/** By the wall clocks of two machines: for people, and for nothing that is decided. */
function ageOf({ at }: AgentBeat): number {
  return Math.max(0, Date.now() - Date.parse(at));
}

function isSilent(beat: AgentBeat): boolean {
  return ageOf(beat) > beat.lease.ttl_ms;
}

type ListedAgent = SeenAgent & { readonly runs: readonly string[] };

function listedOf({ beat, stop, runs }: ListedAgent): object {
  return { ...beat, runs, silent: isSilent(beat), ...(stop === undefined ? {} : { asked_to_stop: stop }) };
}

function rowOf({ beat, stop, runs }: ListedAgent): readonly string[] {
  const slots = Object.entries(beat.slots).map(([name, { total, free }]) => `${name} ${free}/${total} free`);
  const state = isSilent(beat) ? "silent" : beat.state;
  return [
    beat.agent,
    stop !== undefined && beat.state === "working" ? `${state}, asked to stop` : state,
    beat.host,
    beat.queues.join(", "),
    `${runs.length}/${beat.max_jobs === -1 ? "∞" : beat.max_jobs}`,
    slots.join(", "),
    `${formatDuration(ageOf(beat))} ago`,
  ];
}

/** `launch agent stop`: asks agents through their store, wherever they are, and tells what they answered. */
export async function stopAgentsCommand(
  names: readonly string[],
  flags: AgentStopFlags,
  console: Console,
): Promise<number> {
  const wait = flags.timeout ?? "1min";
  const waitMs = parseDuration(wait);
  if (waitMs === undefined) {
    throw new LaunchError("bad-usage", `--timeout "${wait}" is no duration; give 30s or 5min`);
  }
  const level = flags.now === true ? "now" : "drain";
  const state = stateDirectoryOf(console.environment, homedir());
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  try {
    const stopped = await withRuns(flags, console, ({ store }) =>
      stopAgents({ names, level, waitMs }, { store, clock: systemClock, state }, interrupted.signal),
    );
    for (const each of stopped) {
      await console.out.write(flags.json === true ? `${jsonText(answerOf(each))}\n` : `  ${wordsOf(each, waitMs)}\n`);
    }
    const unheard = stopped.some(({ answer }) => answer === "silent" || answer === "unread-at-work");
    return unheard ? exitCodes.infrastructure : exitCodes.succeeded;
  } finally {
    interrupted.stop();
  }
}

function answerOf(stopped: StoppedAgent): object {
  if ("unread" in stopped) {
    const { unread, answer, runs } = stopped;
    return { agent: unread.agent, answer, runs, unreadable: unread.why };
  }
  const { beat, answer, runs } = stopped;
  return { agent: beat.agent, host: beat.host, answer, runs, last_seen: beat.at };
}

type StoppedUnread = Extract<StoppedAgent, { readonly unread: unknown }>;

function unreadWords({ unread: { agent, why }, answer, runs: { length: runs } }: StoppedUnread): string {
  const words: Readonly<Record<StoppedUnread["answer"], string>> = {
    "unread-gone": "nothing speaks for it, and it is taken off the list",
    "unread-at-work": "it changes, so the agent is at work: stop it where it runs, or with the launch that it has",
    "unread-with-runs": `the next agent of its queues takes over its ${runs === 1 ? "run" : counted(runs, "run")} first`,
  };
  return oneLine(`${agent} has a beat that can't be read (${why}); ${words[answer]}`);
}

function wordsOf(stopped: StoppedAgent, waitMs: number): string {
  if ("unread" in stopped) return unreadWords(stopped);
  const {
    beat,
    answer,
    runs: { length: runs },
  } = stopped;
  const its = `its ${runs === 1 ? "run" : counted(runs, "run")}`;
  const seen = `was last seen ${formatDuration(ageOf(beat))} ago on ${beat.host}`;
  const words: Readonly<Record<StopAnswer, string>> = {
    draining: `takes no more runs, and ends${runs === 0 ? "" : ` when ${its} ${runs === 1 ? "has" : "have"} ended`}`,
    stopping: runs === 0 ? "ends" : `ends ${its}, and then itself`,
    ended: "has ended",
    gone: `is gone (it ${seen}), and holds no run; it is taken off the list`,
    "gone-with-runs": `is gone (it ${seen}); the next agent of its queues takes over ${its}`,
    silent: `has not answered within ${formatDuration(waitMs)}; it ${seen}. It stops when it sees the request`,
  };
  return `${beat.agent} ${words[answer]}`;
}
