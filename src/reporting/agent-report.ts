import { inlineCode, inlineText, table } from "./markdown.ts";
import { counted } from "../core/counted.ts";

/** How an agent ended, as people are told of it. */
export type AgentReport = {
  readonly agent: string;
  /** Why it ended: "the queues are empty". */
  readonly message: string;
  readonly runs: readonly TakenRunReport[];
};

export type TakenRunReport = {
  readonly runId: string;
  readonly queue: string;
  readonly attempt: number;
  readonly end: { readonly kind: keyof typeof kindWords; readonly reason?: string; readonly message?: string };
};

/** In the order in which they are counted. */
const kindWords = {
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
  retried: "to be tried again",
  "given-back": "given back",
  fenced: "taken by others",
} as const;

/** `ended, as the queues are empty; 4 runs: 3 succeeded, 1 failed`. */
export function agentWords({ message, runs }: AgentReport): string {
  const counts = Object.entries(kindWords).flatMap(([kind, words]) => {
    const count = runs.filter(({ end }) => end.kind === kind).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  const summary = runs.length === 0 ? "no run was taken" : `${counted(runs.length, "run")}: ${counts.join(", ")}`;
  return `ended, as ${message}; ${summary}`;
}

/** More rows than these nobody reads; the result has all of them. */
const maxRows = 200;

/** For the summary of the agent's job. */
export function agentMarkdown(report: AgentReport): string {
  const { agent, runs } = report;
  const title = `**${inlineText(agent)}** ${inlineText(agentWords(report))}`;
  if (runs.length === 0) return title;
  const rows = runs
    .slice(0, maxRows)
    .map(({ runId, queue, attempt, end }) => [inlineCode(runId), inlineCode(queue), String(attempt), endCell(end)]);
  return `${title}\n\n${table(["run", "queue", "attempt", "end"], rows)}`;
}

function endCell({ kind, reason, message }: TakenRunReport["end"]): string {
  const why = reason === undefined ? "" : ` (${reason})`;
  return inlineText(`${kindWords[kind]}${why}${message === undefined ? "" : `: ${message}`}`);
}
