import { systemClock } from "../../core/clock.ts";
import { exitCodes, LaunchError } from "../../core/errors.ts";
import { toJson } from "../../core/json.ts";
import { cancelEntries } from "../../queueing/cancel-runs.ts";
import { findQueued } from "../../queueing/find-queued.ts";
import { prioritize, requeue } from "../../queueing/move-runs.ts";
import { idOfUnread, moveUnread } from "../../queueing/unread-runs.ts";
import { userName } from "../../submit/owner.ts";
import { priorityWords } from "../../reporting/queue-report.ts";
import type { QueueEntry, QueueStore, UnreadableEntry } from "../../stores/queue-store.ts";
import type { Console } from "../terminal/console.ts";
import type { CancelFlags, RequeueFlags } from "../program/flags.ts";
import { eventWriter } from "../terminal/json-log.ts";
import { withRuns } from "../program/open-runs.ts";

/** One line for people, and the same as an event. */
type Change = { readonly runId: string; readonly words: string; readonly outcome: string };

type Work = (entries: readonly QueueEntry[], store: QueueStore, signal: AbortSignal) => Promise<readonly Change[]>;

/** What is done with those that can't be read. */
type UnreadWork = (
  unread: readonly UnreadableEntry[],
  store: QueueStore,
  signal: AbortSignal,
) => Promise<readonly Change[]>;

/** `launch cancel RUN|GROUP…`: what waits ends now, what runs is ended by its agent. */
export function cancelCommand(names: readonly string[], flags: CancelFlags, console: Console): Promise<number> {
  const work: Work = async (entries, store, signal) => {
    const services = { store, clock: systemClock };
    const done = await cancelEntries({ entries, why: `cancelled by ${userName()}` }, services, signal);
    return done.map(({ runId, result }) => {
      const agent = entries.find(({ run }) => run.run_id === runId)?.run.lease?.agent ?? "its agent";
      const words = {
        cancelled: "cancelled",
        requested: `${agent} is asked to end it`,
        ended: "had ended already",
        changed: "keeps changing; try again",
      } as const;
      return { runId, outcome: result, words: words[result] };
    });
  };
  const unreadWork: UnreadWork = async (unread, store, signal) => {
    const over = unread.filter(({ place }) => place === "ended");
    const moved = await moveUnread(
      unread.filter((entry) => !over.includes(entry)),
      { store, to: "ended" },
      signal,
    );
    const ended = over.map((entry) => ({
      runId: idOfUnread(entry),
      outcome: "ended",
      words: "had ended already; launch prune takes it away by its id",
    }));
    return [
      ...ended,
      ...moved.map(({ runId, result }) => ({
        runId,
        ...(result === "moved"
          ? { outcome: "cancelled", words: "cancelled, as it is: it can't be read" }
          : { outcome: "changed", words: "keeps changing; try again" }),
      })),
    ];
  };
  return change({ names, event: "cancelled", work, unreadWork }, flags, console);
}

/** `launch requeue RUN|GROUP…`: what has ended waits again. */
export function requeueCommand(names: readonly string[], flags: RequeueFlags, console: Console): Promise<number> {
  const work: Work = async (entries, store, signal) => {
    for (const entry of entries) await requeue(entry, { store, clock: systemClock }, signal);
    return entries.map(({ run, queue }) => ({
      runId: run.run_id,
      outcome: "requeued",
      words: `waits in ${queue} again`,
    }));
  };
  const unreadWork: UnreadWork = async (unread, store, signal) => {
    if (flags.force !== true) throw notReadable(unread, "launch requeue --force lets it wait again as it is");
    const moved = await moveUnread(unread, { store, to: "waiting" }, signal);
    return moved.map(({ runId, result }) => ({
      runId,
      ...(result === "moved"
        ? { outcome: "requeued", words: "waits again, as it is, for an agent that can read it" }
        : { outcome: "changed", words: "keeps changing; try again" }),
    }));
  };
  return change({ names, event: "requeued", work, unreadWork }, flags, console);
}

export type PrioritizeRequest = { readonly priority: string; readonly names: readonly string[] };

/** `launch prioritize PRIORITY RUN|GROUP…`. */
export function prioritizeCommand(
  { priority, names }: PrioritizeRequest,
  flags: RequeueFlags,
  console: Console,
): Promise<number> {
  const level = levelOf(priority);
  const work: Work = async (entries, store, signal) => {
    const services = { store, clock: systemClock };
    for (const entry of entries) await prioritize({ entry, priority: level }, services, signal);
    const words = priorityWords[level];
    return entries.map(({ run }) => ({ runId: run.run_id, outcome: words, words: `waits with priority ${words}` }));
  };
  const unreadWork: UnreadWork = (unread) =>
    Promise.reject(notReadable(unread, "launch cancel ends it as it is, and launch prune takes it away"));
  return change({ names, event: "prioritized", work, unreadWork }, flags, console);
}

function levelOf(text: string): 0 | 1 | 2 | 3 {
  for (const level of [0, 1, 2, 3] as const) if (text === priorityWords[level] || text === String(level)) return level;
  throw new LaunchError("bad-usage", `priority "${text}": give ${priorityWords.join(", ")}`);
}

function notReadable([entry]: readonly UnreadableEntry[], todo: string): LaunchError {
  const { why = "", isNewer } = entry ?? {};
  const runId = entry === undefined ? "" : idOfUnread(entry);
  const code = isNewer === true ? "unsupported" : "store-failed";
  return new LaunchError(code, `run "${runId}" can't be read: ${why}; ${todo}`);
}

type ChangeRequest = {
  readonly names: readonly string[];
  readonly event: string;
  readonly work: Work;
  readonly unreadWork: UnreadWork;
};

async function change(
  { names, event, work, unreadWork }: ChangeRequest,
  flags: CancelFlags,
  console: Console,
): Promise<number> {
  const { signal } = new AbortController();
  const changes = await withRuns(flags, console, async ({ store }) => {
    const { entries, unread } = await findQueued({ names, withGroups: flags.group === true }, store, signal);
    const others = unread.length === 0 ? [] : await unreadWork(unread, store, signal);
    return [...(entries.length === 0 ? [] : await work(entries, store, signal)), ...others];
  });
  if (flags.json === true) {
    const runs = changes.map(({ runId, outcome }) => toJson({ run_id: runId, outcome }));
    await eventWriter(console.out)(event, { runs });
  } else {
    await console.out.write(changes.map(({ runId, words }) => `  ${runId}  ${words}\n`).join(""));
  }
  return changes.some(({ outcome }) => outcome === "changed") ? exitCodes.infrastructure : exitCodes.succeeded;
}
