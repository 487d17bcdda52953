import { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import { jsonObjectField, lineField } from "./fields.ts";
import { runIdPattern } from "./run-id.ts";

export type RunKey = { readonly runId: string; readonly attempt: number };

export const handleSchema = z
  .object({ kind: lineField, name: lineField, details: jsonObjectField })
  .readonly()
  .describe("Names what was submitted, so that another process can find, follow and end it. Never secret.");

/** Names what was submitted, so that another process can find, follow and end it. Serialisable; never secret. */
export type Handle = z.output<typeof handleSchema>;

/** The handle of a run on this machine. It follows from the run alone, so a process that has only the run id makes the same one. */
export function localHandle(kind: string, { runId, attempt }: RunKey): Handle {
  return { kind, name: `launch-${runId}-${attempt}`, details: { run_id: runId, attempt } };
}

/**
 * The run that a handle names. A handle comes from a store, which others may write to: it is read as a run's key, and nothing else of it
 * (a path, a pid) is believed. Throws for what is no handle of this kind.
 */
export function runKeyOf(kind: string, handle: Handle): RunKey {
  const [, runId = "", attempt] = /^launch-(.+)-(\d+)$/.exec(handle.name) ?? [];
  if (handle.kind !== kind || !runIdPattern.test(runId)) {
    throw new LaunchError("not-found", `"${handle.name}" (${handle.kind}) does not name a run of ${kind}`);
  }
  return { runId, attempt: Number(attempt) };
}
