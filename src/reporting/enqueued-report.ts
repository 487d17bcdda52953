import { inlineCode, inlineText, table } from "./markdown.ts";
import { counted } from "./queue-report.ts";

/** What was put into queues, and how it ended where that was waited for. */
export type EnqueuedReport = {
  readonly runs: readonly { readonly runId: string; readonly queue: string; readonly end: string | undefined }[];
  /** What several runs are known by. */
  readonly group: string | undefined;
  /** Runs that these took the place of. */
  readonly replaced: readonly string[];
  /** The store's URL, for the commands that are shown. */
  readonly store: string;
};

/** More rows than these nobody reads; the result has all of them. */
const maxRows = 200;

/** For the summary of the job that put them there. */
export function enqueuedMarkdown({ runs, group, replaced, store }: EnqueuedReport): string {
  const queues = [...new Set(runs.map(({ queue }) => queue))];
  const waiting = runs.filter(({ end }) => end === undefined).length;
  const verb = waiting > 0 ? (waiting === 1 ? "waits" : "wait") : "ended";
  const where = ` in ${queues.map(inlineCode).join(", ")}`;
  const title = `**${counted(runs.length, "run")}** ${verb}${where}${group === undefined ? "" : ` as ${inlineCode(group)}`}`;
  const rows = runs
    .slice(0, maxRows)
    .map(({ runId, queue, end }) => [inlineCode(runId), inlineCode(queue), inlineText(end ?? "waiting")]);
  const instead = replaced.length === 0 ? [] : [`In place of ${replaced.map(inlineCode).join(", ")}.`];
  const name = group ?? runs[0]?.runId ?? "";
  const next = ["wait", "cancel"].map((verb) => inlineCode(`launch ${verb} ${name} --store ${store}`)).join(" · ");
  return [title, table(["run", "queue", "state"], rows), ...instead, ...(waiting > 0 ? [next] : [])].join("\n\n");
}
