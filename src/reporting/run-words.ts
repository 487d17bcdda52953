import { oneLine } from "../core/output/terminal-text.ts";
import { formatDuration } from "../core/duration.ts";
import { isFinal, type RunReason, type RunState } from "../run/states.ts";
import type { AttemptRecord } from "../run/record.ts";
import { metricsInWords } from "./words.ts";

/** What is known of a run of a queue from its head. */
export type RunFacts = {
  readonly state: RunState;
  readonly reason?: RunReason;
  readonly message?: string;
  readonly exit_code?: number;
  readonly attempt: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly started_at?: string;
  readonly finished_at?: string;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly lease?: { readonly agent: string };
};

const metricsShown = 3;

/** A run that is no longer waiting, in one line: who has it, or how it ended. */
export function runWords(run: RunFacts): string {
  if (isFinal(run.state)) return endWords(run);
  const agent = run.lease?.agent ?? "an agent";
  const attempt = run.attempt > 1 ? `, attempt ${run.attempt}` : "";
  if (run.state === "leased") return `taken by ${agent}${attempt}`;
  if (run.state === "queued") return "waiting";
  return `${run.state} with ${agent}${attempt}`;
}

/** `failed (exit-code 7) after 41 s`; why in words where the reason alone doesn't say it. */
export function endWords(run: RunFacts): string {
  return endAndMessage(run, oneLine(run.message ?? ""));
}

/** The same where its message stands beside it. */
export function endWithoutMessage(run: RunFacts): string {
  return endAndMessage(run, "");
}

function endAndMessage(run: RunFacts, message: string): string {
  const metrics = metricsInWords(run.metrics ?? {}, metricsShown);
  return `${howItEnded(run, message)}${metrics === "" ? "" : ` · ${metrics}`}`;
}

function howItEnded(run: RunFacts, message: string): string {
  const { state, reason } = run;
  const ms = lastedMs(run);
  const time = ms === undefined ? "" : ` ${state === "succeeded" ? "in" : "after"} ${formatDuration(ms)}`;
  if (state === "succeeded") return `${state}${time}`;
  // "cancelled by ada" is the state and who it was.
  if (state === "cancelled" && message.startsWith(state)) return `${message}${time}`;
  const code = reason === "exit-code" ? ` ${run.exit_code ?? ""}` : "";
  const why = state === "failed" && reason !== undefined ? ` (${reason}${code})` : "";
  return `${state}${why}${time}${message === "" || reason === "exit-code" ? "" : `: ${message}`}`;
}

/** From its start to its end; undefined for one that never started. */
export function lastedMs({ started_at: start, finished_at: end }: RunFacts): number | undefined {
  return msBetween(start, end);
}

function msBetween(start: string | undefined, end: string | undefined): number | undefined {
  if (start === undefined || end === undefined) return undefined;
  const ms = Date.parse(end) - Date.parse(start);
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** `1 failed (lost) after 3.0 s with a1 on box: agent a1 is gone`. */
export function attemptWords(attempt: AttemptRecord): string {
  const { agent, host, state, reason, started_at: start, ended_at: end, given_back: givenBack } = attempt;
  const code = reason === "exit-code" ? ` ${attempt.exit_code ?? ""}` : "";
  const how = givenBack === true ? "given back" : `${state}${reason === undefined ? "" : ` (${reason}${code})`}`;
  const ms = msBetween(start, end);
  const time = ms === undefined ? "" : ` after ${formatDuration(ms)}`;
  const place = host === undefined ? agent : `${agent} on ${host}`;
  const says = attempt.message === undefined || reason === "exit-code" ? "" : `: ${oneLine(attempt.message)}`;
  return `${attempt.attempt} ${how}${time} with ${place}${says}`;
}
