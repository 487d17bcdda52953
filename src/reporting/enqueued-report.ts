import { formatCommandLine } from "../core/command-line.ts";
import { inlineCode, inlineText, linked, table } from "./markdown.ts";
import { counted } from "../core/counted.ts";

/** What a step has put into queues, and where that stands. */
export type EnqueuedReport = {
  readonly rows: readonly EnqueuedRow[];
  /** What several runs are known by. */
  readonly group: string | undefined;
  /** Runs that these took the place of. */
  readonly replaced: readonly string[];
  /** The store's URL, for the commands that are shown. */
  readonly store: string;
  /** Queue → the page of its definition. */
  readonly queuePages: ReadonlyMap<string, string | undefined>;
  readonly ended: boolean;
  /** When nobody serves the queues: what to do. */
  readonly nobody: readonly string[];
};

export type EnqueuedRow = {
  readonly runId: string;
  readonly queue: string;
  /** What it varies. */
  readonly leg: string;
  readonly source: string;
  /** The page of its commit. */
  readonly page: string | undefined;
  /** Where it stands, in words. */
  readonly state: string;
  /** An earlier attempt of the step has enqueued it. */
  readonly fromBefore: boolean;
};

/** More rows than these nobody reads; the result has all of them. */
const maxRows = 200;

/** For the summary of the job that put them there. */
export function enqueuedMarkdown(report: EnqueuedReport): string {
  const { rows, group, replaced, store, ended, nobody } = report;
  const shown = rows.slice(0, maxRows);
  const hasLegs = shown.some(({ leg }) => leg !== "");
  const head = ["run", ...(hasLegs ? ["with"] : []), "queue", "source", "state"];
  const cells = shown.map((row) => cellsOf(row, report, hasLegs));
  const name = group ?? rows[0]?.runId ?? "";
  const command = (verb: string): string => inlineCode(formatCommandLine(["launch", verb, name, "--store", store]));
  const parts = [
    titleOf(report),
    table(head, cells),
    ...(rows.length > maxRows ? [`and ${rows.length - maxRows} more`] : []),
    ...(replaced.length === 0 ? [] : [`In place of ${replaced.map(inlineCode).join(", ")}.`]),
    ...nobody.map(inlineText),
    ...(ended ? [] : [`Follow: ${command("wait")} · end: ${command("cancel")}`]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function titleOf({ rows, group, queuePages, ended }: EnqueuedReport): string {
  const verb = ended ? "ended" : rows.length === 1 ? "waits" : "wait";
  const queues = [...queuePages.keys()].map(inlineCode).join(", ");
  return `**${counted(rows.length, "run")}** ${verb} in ${queues}${group === undefined ? "" : ` as ${inlineCode(group)}`}`;
}

function cellsOf(row: EnqueuedRow, { queuePages }: EnqueuedReport, hasLegs: boolean): readonly string[] {
  const { runId, queue, leg, source, page, state, fromBefore } = row;
  return [
    inlineCode(runId),
    ...(hasLegs ? [inlineCode(leg)] : []),
    linked(inlineCode(queue), queuePages.get(queue)),
    linked(inlineCode(source), page),
    `${inlineText(state)}${fromBefore ? " (enqueued by an earlier attempt of this step)" : ""}`,
  ];
}
