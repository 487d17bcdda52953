import type { JsonObject } from "../../../core/json.ts";
import { headBounds, maxPatchBytes, maxTailBytes, recordBounds } from "../../../run/bounds.ts";
import { runIdPattern } from "../../../run/run-id.ts";
import { type ReadHead, readHeadText } from "../../../run/head.ts";
import { readRecordText, whyLeftAlone } from "../../../run/read-record.ts";
import type { RunDocument } from "../../../run/document.ts";
import { UnreadableRun } from "../../../run/unreadable.ts";

/*
 * A run's ref and what is in its tip's tree: run.json (the head), record.json, patch.diff and tail.txt, the last two only where there
 * is one. The tip's parent is the event before.
 */
export const runRefs = "refs/launch/v1/r/";
export const runFiles = { head: "run.json", record: "record.json", patch: "patch.diff", tail: "tail.txt" } as const;

/** What is longer is not ours, and isn't read. */
export const maxHeadBytes = headBounds.bytes;
export const maxRunFileBytes: Readonly<Record<string, number>> = {
  [runFiles.head]: maxHeadBytes,
  [runFiles.record]: recordBounds.bytes,
  [runFiles.patch]: maxPatchBytes,
  [runFiles.tail]: maxTailBytes,
};

export function runRef(runId: string): string {
  return `${runRefs}${runId}`;
}

/** The run id in a ref's name; undefined for a name that no launch made. */
export function runIdOf(ref: string): string | undefined {
  const runId = ref.slice(runRefs.length);
  return ref.startsWith(runRefs) && runIdPattern.test(runId) ? runId : undefined;
}

/** A document as the files of a tree. Parts that it leaves out are left out here too. */
export function filesOf(document: RunDocument): Readonly<Record<string, string | Uint8Array>> {
  return {
    // Without a blank: what is written has just the length that its writer held against the bounds.
    [runFiles.head]: JSON.stringify(document.run),
    [runFiles.record]: JSON.stringify(document.record),
    ...(document.patch === undefined ? {} : { [runFiles.patch]: document.patch }),
    ...(document.tail === undefined ? {} : { [runFiles.tail]: document.tail }),
  };
}

export const missing = "its objects are missing, damaged or too long";

/** Reads a head. What can't be read says why, and is left alone by everyone. */
export function readHead(runId: string, content: Uint8Array | undefined): ReadHead {
  if (content === undefined) return { kind: "unreadable", why: missing };
  return readHeadText(content, { runId, called: runFiles.head });
}

/** The same with its record, of which no more is looked at than whether the run is to be left alone. */
export function readWhole(runId: string, { head, record }: RunContents): ReadHead {
  const read = readHead(runId, head);
  if (read.kind === "unreadable") return read;
  if (record === undefined) return { kind: "unreadable", why: `its ${runFiles.record} is missing, damaged or too long` };
  return whyLeftAlone(record, { runId, called: runFiles.record }) ?? read;
}

export type RunContents = { readonly head: Uint8Array | undefined; readonly record: Uint8Array | undefined };

/** Reads a record, which is opaque here but for being a JSON object. */
export function readRecord(runId: string, content: Uint8Array | undefined): JsonObject {
  const parsed = content === undefined ? undefined : readRecordText(content);
  if (parsed?.kind === "object") return parsed.value;
  const why = parsed === undefined ? "is missing, damaged or too long" : parsed.why;
  throw new UnreadableRun(runId, { why: `its ${runFiles.record} ${why}` });
}
