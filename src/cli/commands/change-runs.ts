import { systemClock } from "../../core/clock.ts";
import { exitCodeOf, exitCodes, LaunchError } from "../../core/errors.ts";
import { toJson } from "../../core/json.ts";
import { oneLine } from "../../core/output/terminal-text.ts";
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
type Change = {
  readonly runId: string;
  readonly words: string;
  readonly outcome: string;
  /** Why nothing was done to it. */
  readonly error?: LaunchError;
};

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
    const moved = await eachUnread(
      unread.filter((entry) => !over.includes(entry)),
      async (entry) => moveUnread(entry, { store, to: "ended" }, signal),
      { outcome: "cancelled", words: "cancelled, as it is: it can't be read" },
    );
    const ended = over.map((entry) => ({
      runId: idOfUnread(entry),
      outcome: "ended",
      words: "had ended already; launch prune takes it away by its id",
    }));
    return [...ended, ...moved];
  };
  return change({ names, event: "cancelled", work, unreadWork }, flags, console);
}

/** `launch requeue RUN|GROUP…`: what has ended waits again. */
export function requeueCommand(names: readonly string[], flags: RequeueFlags, console: Console): Promise<number> {
  const work: Work = (entries, store, signal) =>
    each(entries, nameOfEntry, async (entry) => {
      await requeue(entry, { store, clock: systemClock }, signal);
      return { outcome: "requeued", words: `waits in ${entry.queue} again` };
    });
  const unreadWork: UnreadWork = (unread, store, signal) =>
    eachUnread(
      unread,
      (entry) => {
        if (flags.force !== true) throw notReadable(entry, "launch requeue --force lets it wait again as it is");
        return moveUnread(entry, { store, to: "waiting" }, signal);
      },
      { outcome: "requeued", words: "waits again, as it is, for an agent that can read it" },
    );
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
  const outcome = priorityWords[level];
  const work: Work = (entries, store, signal) =>
    each(entries, nameOfEntry, async (entry) => {
      await prioritize({ entry, priority: level }, { store, clock: systemClock }, signal);
      return { outcome, words: `waits with priority ${outcome}` };
    });
  const unreadWork: UnreadWork = (unread) =>
    each(unread, idOfUnread, (entry) =>
      Promise.reject(notReadable(entry, "launch cancel ends it as it is, and launch prune takes it away")),
    );
  return change({ names, event: "prioritized", work, unreadWork }, flags, console);
}

function levelOf(text: string): 0 | 1 | 2 | 3 {
  for (const level of [0, 1, 2, 3] as const) if (text === priorityWords[level] || text === String(level)) return level;
  throw new LaunchError("bad-usage", `priority "${text}": give ${priorityWords.join(", ")}`);
}

function notReadable(entry: UnreadableEntry, todo: string): LaunchError {
  const code = entry.isNewer === true ? "unsupported" : "store-failed";
  return new LaunchError(code, `run "${idOfUnread(entry)}" can't be read: ${entry.why}; ${todo}`);
}

const nameOfEntry = ({ run }: QueueEntry): string => run.run_id;

/** Does it to one after the other. What can't be done to one is said of that one, beside what was done to the others. */
async function each<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  work: (item: Item) => Promise<Omit<Change, "runId">>,
): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for (const item of items) {
    const runId = nameOf(item);
    try {
      changes.push({ runId, ...(await work(item)) });
    } catch (error) {
      if (!(error instanceof LaunchError) || error.code === "cancelled") throw error;
      changes.push({ runId, outcome: "failed", words: oneLine(error.message), error });
    }
  }
  return changes;
}

function eachUnread(
  unread: readonly UnreadableEntry[],
  move: (entry: UnreadableEntry) => Promise<"moved" | "changed">,
  moved: Omit<Change, "runId">,
): Promise<readonly Change[]> {
  return each(unread, idOfUnread, async (entry) =>
    (await move(entry)) === "moved" ? moved : { outcome: "changed", words: "keeps changing; try again" },
  );
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
    const done = entries.length === 0 ? [] : await work(entries, store, signal);
    return [...done, ...(unread.length === 0 ? [] : await unreadWork(unread, store, signal))];
  });
  const first = changes.find(({ error }) => error !== undefined)?.error;
  if (first !== undefined && changes.length === 1) throw first;
  if (flags.json === true) {
    const runs = changes.map(({ runId, outcome, error }) =>
      toJson({
        run_id: runId,
        outcome,
        ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
      }),
    );
    await eventWriter(console.out)(event, { runs });
  } else {
    await console.out.write(changes.map(({ runId, words }) => `  ${oneLine(runId)}  ${words}\n`).join(""));
  }
  if (first !== undefined) return exitCodeOf(first);
  return changes.some(({ outcome }) => outcome === "changed") ? exitCodes.infrastructure : exitCodes.succeeded;
}
