import { nobodyWords, ordinal, type QueueReport } from "./queue-report.ts";

/** A run or an agent, and what is to be said of it. */
type Facts = ReadonlyMap<string, string>;

/**
 * What is different between two reports of a queue, a line each, for a reader that is no terminal. Times alone change all the while and
 * are no difference.
 */
export function queueChanges(before: QueueReport, after: QueueReport): readonly string[] {
  const lines = [
    ...changedIn(runFacts(before), runFacts(after), "no longer in the queue"),
    ...changedIn(agentFacts(before), agentFacts(after), "gone"),
  ];
  if (before.paused !== after.paused) lines.push(`${after.queue}  ${after.paused ? "paused" : "goes on"}`);
  if (before.deleted !== after.deleted) lines.push(`${after.queue}  ${after.deleted ? "deleted" : "defined again"}`);
  const nobody = nobodyWords(before, []) === undefined ? nobodyWords(after, []) : undefined;
  return nobody === undefined ? lines : [...lines, nobody];
}

function changedIn(before: Facts, after: Facts, gone: string): readonly string[] {
  const now = [...after].flatMap(([name, words]) => (before.get(name) === words ? [] : [`${name}  ${words}`]));
  const left = [...before.keys()].filter((name) => !after.has(name)).map((name) => `${name}  ${gone}`);
  return [...left, ...now];
}

function runFacts({ waiting, running }: QueueReport): Facts {
  return new Map([
    ...running.map(
      ({ runId, agent, cancelRequested }) =>
        [runId, `with ${agent}${cancelRequested ? ", to be cancelled" : ""}`] as const,
    ),
    ...waiting.map(({ runId, position, cause, waitsFor }) => {
      // When the next try is due is a time, and known from the first line of it.
      const why = cause === "behind" || cause === "poll" ? "" : `, ${cause === "retry" ? "for another try" : waitsFor}`;
      return [runId, `waits, ${ordinal(position)}${why}`] as const;
    }),
  ]);
}

function agentFacts({ agents }: QueueReport): Facts {
  return new Map(
    agents.map(({ agent, state, silent }) => {
      const words = silent ? "silent" : state === "working" ? "polling" : state;
      return [`agent ${agent}`, words] as const;
    }),
  );
}
