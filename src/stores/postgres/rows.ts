import { z } from "zod";
import type { Row } from "../../clients/postgres/database.ts";
import { LaunchError } from "../../core/errors.ts";
import { checkedObject } from "../../core/json.ts";
import { formatKey } from "../../queues/key.ts";
import type { QueueEntry } from "../queue-store.ts";
import { readInQueue } from "../queued-head.ts";
import { queuedOf } from "../queued-run.ts";
import { isNewer, type ReadHead, readRunHead } from "../../run/head.ts";
import type { RunDocument } from "../../run/document.ts";

/*
 * Between rows and documents. A head is jsonb, which has no NUL and no half of a surrogate pair: in a head they become U+FFFD. A record
 * is json, kept as it was written. Patch and tail are bytes.
 */
const headName = "head";

/** Reads a run's head. What can't be read says why, and is left alone by everyone. */
export function readHead(runId: string, value: unknown): ReadHead {
  const read = readRunHead(value, headName);
  if (read.kind === "unreadable" || read.run.run_id === runId) return read;
  return { kind: "unreadable", why: `its ${headName} is another run's: "${read.run.run_id}"` };
}

/** The same, of a run that lies in a queue. */
export function readQueuedHead(runId: string, queue: string, value: unknown): ReadHead {
  return readInQueue(readHead(runId, value), queue, headName);
}

const documentSchema = z.object({
  run_id: z.string(),
  version: z.string(),
  head: z.unknown(),
  record: z.unknown(),
  patch: z.instanceof(Uint8Array).nullable(),
  tail: z.instanceof(Uint8Array).nullable(),
});

/** The columns of a whole document. */
export const documentColumns = "run_id, version, head, record, patch, tail";

/** A whole run. Throws `unsupported` for a newer schema, `store-failed` for what is damaged. */
export function readDocument(row: Row): { readonly document: RunDocument; readonly version: string } {
  const { run_id, version, head, record, patch, tail } = documentSchema.parse(row);
  const read = readHead(run_id, head);
  if (read.kind === "unreadable") {
    throw new LaunchError(isNewer(head) ? "unsupported" : "store-failed", `run "${run_id}" can't be read: ${read.why}`);
  }
  const checked = checkedObject(record);
  if (checked.kind === "other") {
    throw new LaunchError("store-failed", `run "${run_id}" can't be read: its record ${checked.why}`);
  }
  const document = {
    run: read.run,
    record: checked.value,
    ...(patch === null ? {} : { patch }),
    ...(tail === null ? {} : { tail: Buffer.from(tail).toString() }),
  };
  return { document, version };
}

/** The parameters of a document in the order of our functions: head, record, patch, tail. */
export function documentValues({ run, record, patch, tail }: RunDocument): readonly unknown[] {
  return [
    headText(run),
    JSON.stringify(record),
    patch === undefined ? null : Buffer.from(patch),
    tail === undefined ? null : Buffer.from(tail),
  ];
}

/** A head, or an agent's beat, as text for jsonb. */
export function headText(head: object): string {
  return JSON.stringify(head, (_name, value: unknown) =>
    typeof value === "string" ? value.toWellFormed().replaceAll("\0", "\uFFFD") : value,
  );
}

export type EntryParts = Pick<QueueEntry, "place" | "version" | "run" | "cancelRequested"> & {
  /** Of its key: when it came into the queue, by the server's clock. */
  readonly time: number;
};

/** An entry of the queue that its head names. */
export function entryOf({ time, ...parts }: EntryParts): QueueEntry {
  const { queue, priority } = queuedOf(parts.run);
  return { queue, key: formatKey({ priority, time, runId: parts.run.run_id }), ...parts };
}

/** A bigint that is a time in ms, which pg gives as text. */
export const timeSchema = z.coerce.number();
