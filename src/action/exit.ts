import { oneLine } from "../core/output/terminal-text.ts";
import { relative, resolve } from "node:path";
import * as core from "@actions/core";
import type { ErrorCode } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import { toJson } from "../core/json.ts";
import type { AgentResult } from "../agent/request.ts";
import { commitUrl, type GitHubContext, runUrl } from "../github/context.ts";
import { addSummary } from "../github/summary.ts";
import type { LaunchPlan } from "../launch/plan-launch.ts";
import { reportOf } from "../reporting/run-report.ts";
import { faultResultOf, resultOf } from "../submit/result.ts";
import type { RunResult } from "../launch/services.ts";
import type { Fault } from "../spec/reading/fault.ts";
import { faultMarkdown, type SummaryLinks, summaryMarkdown } from "../reporting/summary.ts";
import { outcomeInWords } from "../reporting/words.ts";
import { inert } from "./github-log.ts";
import type { OutputName } from "./protocol.ts";
import type { QueuedExit } from "./queued-outcome.ts";

/** All the ways in which the action ends. */
export type Exit =
  | { readonly kind: "run"; readonly result: RunResult; readonly again: readonly string[] }
  | ({ readonly kind: "queued" } & QueuedExit)
  | { readonly kind: "agent"; readonly agent: string; readonly result: AgentResult; readonly failOnRun: boolean }
  | {
      readonly kind: "runs";
      /** Of all of them. */
      readonly state: string;
      readonly runs: readonly { readonly runId: string; readonly state: string }[];
    }
  | { readonly kind: "plan"; readonly plans: readonly LaunchPlan[]; readonly lines: readonly string[] }
  | {
      readonly kind: "fault";
      /** `bug` for what is nobody's mistake but ours. */
      readonly reason: ErrorCode | "bug";
      readonly message: string;
      /** Shown in the log above the annotation: a caret line, a stack. */
      readonly detail: readonly string[];
      /** The first fault's place in a file. */
      readonly place?: Fault;
    };

/** GitHub cuts an annotation at 4096 characters; nobody reads that many. */
const maxAnnotation = 1_000;

/** The end of a failed run's output, shown outside of its folded group. */
const shownLines = 20;

/** The one way out: outputs, the summary, one annotation when it failed. Returns the exit code. */
export async function leave(exit: Exit, context: GitHubContext): Promise<number> {
  switch (exit.kind) {
    case "run":
      return leaveRun(exit, context);
    case "plan":
      for (const line of exit.lines) core.info(inert(line));
      setOutputs({ result: toJson({ schema_version: 1, ...plansOf(exit.plans) }) });
      return 0;
    case "queued":
      return leaveQueued(exit, context);
    case "agent":
      return leaveAgent(exit, context);
    case "runs":
      for (const { runId, state } of exit.runs) core.info(inert(`  ${runId}  ${state}`));
      setOutputs({
        "run-id": exit.runs[0]?.runId ?? "",
        "run-ids": JSON.stringify(exit.runs.map(({ runId }) => runId)),
        state: exit.state,
        result: toJson({
          schema_version: 1,
          state: exit.state,
          runs: exit.runs.map(({ runId, state }) => ({ run_id: runId, state })),
        }),
      });
      return 0;
    case "fault":
      return leaveFault(exit, context);
  }
}

async function leaveRun({ result, again }: Exit & { readonly kind: "run" }, context: GitHubContext): Promise<number> {
  const { runId, outcome, record, recordFile } = result;
  const report = reportOf({
    record,
    lastLines: result.detail.length > 0 ? result.detail : result.lastLines,
    again,
  });
  const reason = outcome.state === "succeeded" ? "" : outcome.reason;
  setOutputs({
    "run-id": runId,
    state: outcome.state,
    reason,
    image: record.image?.reference ?? "",
    "image-digest": record.image?.digest ?? "",
    url: runUrl(context) ?? "",
    record: recordFile,
    result: resultOf(result),
  });
  await addSummary(context.summaryFile, summaryMarkdown(report, linksFor(result, context)));
  if (outcome.state === "succeeded") return 0;
  for (const line of report.lastLines.slice(-shownLines)) core.info(inert(`  ${line}`));
  const words = `${report.name} ${outcomeInWords(outcome, report.elapsedMs)}: ${record.message ?? outcome.message}`;
  core.error(annotation(words), { title: `launch: ${reason}` });
  return 1;
}

async function leaveQueued(exit: Exit & { readonly kind: "queued" }, context: GitHubContext): Promise<number> {
  const { queuedOutcome } = await import("./queued-outcome.ts");
  const { outputs, summary, failed } = queuedOutcome(exit, context);
  setOutputs({ ...outputs, url: runUrl(context) ?? "" });
  await addSummary(context.summaryFile, summary);
  if (failed === undefined) return 0;
  const { endWords } = await import("../reporting/run-words.ts");
  core.error(annotation(`${failed.run_id} ${endWords(failed)}`), { title: `launch: ${failed.reason ?? failed.state}` });
  return 1;
}

function plansOf(plans: readonly LaunchPlan[]): object {
  return plans.length === 1 ? { plan: plans[0] } : { plans };
}

async function leaveAgent(exit: Exit & { readonly kind: "agent" }, context: GitHubContext): Promise<number> {
  const { agent, result, failOnRun } = exit;
  const { end, message, runs } = result;
  setOutputs({
    state: end === "conflict" ? "failed" : "succeeded",
    url: runUrl(context) ?? "",
    result: toJson({
      schema_version: 1,
      agent,
      end,
      runs: runs.map((run) => ({ run_id: run.runId, queue: run.queue, attempt: run.attempt, end: run.end.kind })),
    }),
  });
  const { agentMarkdown, agentWords } = await import("../reporting/agent-report.ts");
  const report = { agent, message, runs };
  core.info(inert(`  ${agentWords(report)}`));
  await addSummary(context.summaryFile, agentMarkdown(report));
  const failed = runs.filter((run) => run.end.kind === "failed");
  if (end !== "conflict" && !(failOnRun && failed.length > 0)) return 0;
  const words = end === "conflict" ? message : `runs have failed: ${failed.map(({ runId }) => runId).join(", ")}`;
  core.error(annotation(words), { title: "launch: agent" });
  return 1;
}

async function leaveFault(exit: Exit & { readonly kind: "fault" }, context: GitHubContext): Promise<number> {
  const { reason, message, detail, place } = exit;
  setOutputs({
    state: reason === "cancelled" ? "cancelled" : "failed",
    reason,
    url: runUrl(context) ?? "",
    result: faultResultOf(reason, message),
  });
  await addSummary(context.summaryFile, faultMarkdown(`launch failed (${reason})`, message, detail));
  for (const line of detail) core.info(inert(line));
  core.error(annotation(message), { title: `launch: ${reason}`, ...placeFor(place, context) });
  return 1;
}

function setOutputs(outputs: Readonly<Partial<Record<OutputName, string | JsonObject>>>): void {
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
}

/** Where in the repository an annotation points; nowhere for a file outside of it. */
function placeFor(fault: Fault | undefined, { workspace }: GitHubContext): core.AnnotationProperties {
  if (fault === undefined || fault.line === 0 || workspace === undefined) return {};
  const file = relative(workspace, resolve(fault.file));
  if (file.startsWith("..")) return {};
  return { file, startLine: fault.line, startColumn: fault.column, endColumn: fault.column + fault.length };
}

function linksFor({ record }: RunResult, context: GitHubContext): SummaryLinks {
  const log = runUrl(context);
  const { repository, commit } = record.source ?? {};
  const own = `/${context.owner ?? ""}/${context.repository ?? ""}`;
  const isOwn = repository?.replace(/\.git$/, "").endsWith(own) === true;
  const source = isOwn && commit !== undefined ? commitUrl(context, commit) : undefined;
  return { ...(log === undefined ? {} : { log }), ...(source === undefined ? {} : { source }) };
}

function annotation(text: string): string {
  return oneLine(text).slice(0, maxAnnotation);
}
