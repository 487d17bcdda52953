import { toJson } from "../../core/json.ts";
import type { RunDocument } from "../document.ts";
import type { RunHead } from "../head.ts";
import type { RunOutcome } from "../outcome.ts";
import type { RunRecord } from "../record.ts";
import { back } from "../transitions.ts";
import { endOf } from "./change.ts";
import { recordOfHead } from "./head-and-record.ts";

export type BareEnd = { readonly outcome: RunOutcome; readonly launcher: RunRecord["launcher"]; readonly why: string };

/** Of a message that a store may have refused for what is in it. */
const longestMessage = 500;

/** How a run has ended, where its store refuses its document: what it is called and how it ended, and nothing that it has made. */
export function bareEnd({ run }: RunDocument, { outcome, launcher, why }: BareEnd, now: Date): RunDocument {
  const { message, ...end } = endOf(outcome, now);
  const said = message === undefined ? {} : { message: plain(message) };
  const head = { ...called(run), ...end, ...said, updated_at: now.toISOString() };
  return { run: head, record: toJson({ ...recordOfHead(head, launcher), ...end, ...said, warnings: [refused(why)] }) };
}

export type BareWait = { readonly taken: RunDocument; readonly why: string };

/**
 * A run that waits again, where its store refuses that document: what it was asked to be, as the store had it when it was taken, and which
 * attempt is next. Undefined for one that doesn't wait.
 */
export function bareWait({ run }: RunDocument, { taken, why }: BareWait, now: Date): RunDocument | undefined {
  if (run.state !== "queued" || run.queued === undefined) return undefined;
  const { record, patch } = back(taken, run.queued, now);
  const head = { ...called(run), state: run.state, queued: run.queued, updated_at: now.toISOString() };
  const bare = { ...record, attempt: run.attempt, warnings: [refused(why)] };
  return { run: head, record: bare, ...(patch === undefined ? {} : { patch }) };
}

/** What the run is called, whatever becomes of it. */
function called(run: RunHead): Omit<RunHead, "state" | "updated_at"> {
  const { schema_version, run_id, name, entity, project, resource, attempt, by, created_at, source } = run;
  return {
    ...{ schema_version, run_id, name, entity, project, resource, attempt, by, created_at, source },
    ...(run.nonce === undefined ? {} : { nonce: run.nonce }),
    ...(run.queued === undefined ? {} : { queued: run.queued }),
  };
}

function refused(why: string): string {
  return `its store refused what the run has made, which is not kept: ${plain(why)}`;
}

function plain(text: string): string {
  return text
    .slice(0, longestMessage)
    .toWellFormed()
    .replaceAll(/[^\n\x20-\uffff]/g, " ");
}
