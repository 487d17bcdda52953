import { LaunchError } from "../../../core/errors.ts";
import { type JsonObject, parseJsonObject } from "../../../core/json.ts";
import { runIdPattern } from "../../../run/run-id.ts";
import { type ReadHead, readRunHead } from "../../../run/head.ts";
import type { RunDocument } from "../../../run/document.ts";

/*
 * A run's ref and what is in its tip's tree: run.json (the head), record.json, patch.diff and tail.txt, the last two only where there
 * is one. The tip's parent is the event before.
 */
export const runRefs = "refs/launch/v1/r/";
export const runFiles = { head: "run.json", record: "record.json", patch: "patch.diff", tail: "tail.txt" } as const;

/** A head is a few hundred bytes: what is far beyond is not ours. */
export const maxHeadBytes = 256 * 1024;
export const maxFileBytes = 128 * 1024 * 1024;

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
    [runFiles.head]: jsonText(document.run),
    [runFiles.record]: jsonText(document.record),
    ...(document.patch === undefined ? {} : { [runFiles.patch]: document.patch }),
    ...(document.tail === undefined ? {} : { [runFiles.tail]: document.tail }),
  };
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Reads a head. What can't be read says why, and is left alone by everyone. */
export function readHead(runId: string, content: Uint8Array | undefined): ReadHead {
  const unreadable = (why: string): ReadHead => ({ kind: "unreadable", why });
  if (content === undefined) return unreadable("its objects are missing or damaged");
  const parsed = parseJsonObject(Buffer.from(content).toString());
  if (parsed.kind === "other") return unreadable(`its ${runFiles.head} ${parsed.why}`);
  const read = readRunHead(parsed.value, runFiles.head);
  if (read.kind === "unreadable" || read.run.run_id === runId) return read;
  return unreadable(`its ${runFiles.head} is another run's: "${read.run.run_id}"`);
}

/** A record is some kilobytes, and more where it names a great many files: what is far beyond is not ours, and may not be worth reading. */
const maxRecordBytes = 32 * 1024 * 1024;

/** Reads a record, which is opaque here but for being a JSON object. */
export function readRecord(runId: string, content: Uint8Array | undefined): JsonObject {
  const damaged = (why: string): LaunchError =>
    new LaunchError("store-failed", `run "${runId}" can't be read: its ${runFiles.record} ${why}`);
  if (content === undefined) throw damaged("is missing or damaged in the store");
  if (content.byteLength > maxRecordBytes) throw damaged(`has more than ${maxRecordBytes} bytes`);
  const parsed = parseJsonObject(Buffer.from(content).toString());
  if (parsed.kind === "object") return parsed.value;
  throw damaged(parsed.why);
}
