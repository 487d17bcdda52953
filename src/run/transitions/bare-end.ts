import { toJson } from "../../core/json.ts";
import type { RunDocument } from "../document.ts";
import type { RunOutcome } from "../outcome.ts";
import type { RunRecord } from "../record.ts";
import { endOf } from "./change.ts";
import { recordOfHead } from "./head-and-record.ts";

export type BareEnd = { readonly outcome: RunOutcome; readonly launcher: RunRecord["launcher"]; readonly why: string };

/** Of a message that a store may have refused for what is in it. */
const longestMessage = 500;

/** How a run has ended, where its store refuses its document: what it is called and how it ended, and nothing that it has made. */
export function bareEnd({ run }: RunDocument, { outcome, launcher, why }: BareEnd, now: Date): RunDocument {
  const { schema_version, run_id, name, entity, project, resource, attempt, by, created_at, source } = run;
  const { message, ...end } = endOf(outcome, now);
  const said = message === undefined ? {} : { message: plain(message) };
  const head = {
    ...{ schema_version, run_id, name, entity, project, resource, attempt, by, created_at, source },
    ...(run.nonce === undefined ? {} : { nonce: run.nonce }),
    ...(run.queued === undefined ? {} : { queued: run.queued }),
    ...end,
    ...said,
    updated_at: now.toISOString(),
  };
  const warnings = [`its store refused what the run has made, which is not kept: ${plain(why)}`];
  return { run: head, record: toJson({ ...recordOfHead(head, launcher), ...end, ...said, warnings }) };
}

function plain(text: string): string {
  return text
    .slice(0, longestMessage)
    .toWellFormed()
    .replaceAll(/[^\n\x20-\uffff]/g, " ");
}
