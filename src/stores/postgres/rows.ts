import { z } from "zod";
import type { Row } from "../../clients/postgres/database.ts";
import {
  beatBounds,
  headBounds,
  heldHeadBytes,
  longestHeadMessage,
  maxPatchBytes,
  maxTailBytes,
  recordBounds,
} from "../../run/bounds.ts";
import { formatKey } from "../../queues/key.ts";
import type { QueueEntry } from "../queue-store.ts";
import { readInQueue } from "../queued-head.ts";
import { queuedOf } from "../queued-run.ts";
import { type ReadBeat, readBeatText } from "../../run/beat.ts";
import { headNames, type ReadHead, readHeadText } from "../../run/head.ts";
import { readRecordText } from "../../run/read-record.ts";
import type { RunDocument } from "../../run/document.ts";
import { isNewer, newerWords, UnreadableRun } from "../../run/unreadable.ts";

/*
 * Between rows and documents. A head is jsonb, which has no NUL and no half of a surrogate pair: in a head they become U+FFFD. A record
 * is json, kept as it was written. Patch and tail are bytes. All come as texts, which are null where they are longer than may be: what was
 * written so isn't even sent.
 */
const headName = "head";

/** jsonb is written with a blank behind each comma and colon. */
const jsonbBounds = { ...headBounds, bytes: 2 * headBounds.bytes };
const jsonbBeatBounds = { ...beatBounds, bytes: 2 * beatBounds.bytes };

/** With a blank behind each comma and colon, as above. */
const heldBytes = 2 * heldHeadBytes;

/** Of a head that is too long to be held: what it is known by, without metrics, and with the beginning of its message. */
const lessOfHead = `CASE WHEN jsonb_typeof(head) = 'object' THEN (
  SELECT ${shortText("less", heldBytes)} FROM (
    SELECT jsonb_object_agg(part.key, CASE part.key WHEN 'message' THEN to_jsonb(left(part.value #>> '{}', ${longestHeadMessage})) ELSE part.value END) AS less
      FROM jsonb_each(head) AS part WHERE part.key IN (${headNames.map((name) => `'${name}'`).join(", ")}) AND part.key <> 'metrics') AS parts) END`;

/** A head's text, as a list holds it; none of what is left alone anyway. */
export const headColumn = `CASE WHEN unreadable IS NULL THEN coalesce(${shortText("head", heldBytes)}, ${lessOfHead}) END`;
export const beatColumn = shortText("beat", jsonbBeatBounds.bytes);

function shortText(column: string, maxBytes: number): string {
  return `CASE WHEN octet_length(${column}::text) <= ${maxBytes} THEN ${column}::text END`;
}

const textSchema = z.string().nullable();

/** Reads a run's head. What can't be read says why, and is left alone by everyone. */
export function readHead(runId: string, text: string | null): ReadHead {
  if (text === null) {
    return { kind: "unreadable", why: `its ${headName} is too long: queues hold at most ${heldHeadBytes} bytes of it` };
  }
  return readHeadText(text, { runId, called: headName }, jsonbBounds);
}

/** Reads an agent's beat. */
export function readBeatColumn(agent: string, text: string | null): ReadBeat {
  if (text !== null) return readBeatText(agent, text, jsonbBeatBounds);
  return { kind: "unreadable", why: `its beat has more than ${beatBounds.bytes} bytes` };
}

/** The same, of a run that lies in a queue. */
export function readQueuedHead(runId: string, queue: string, text: string | null): ReadHead {
  return readInQueue(readHead(runId, text), queue, headName);
}

/** What whoever wrote the row has found out about it: why it is left alone, and how new its head or its record is, whichever is newer. */
export const judgedColumns = { unreadable: z.string().nullable(), schema_version: z.number().nullable() };

type Judged = { readonly unreadable: string | null; readonly schema_version: number | null };

/** A run that is left alone for that; undefined for one whose head counts. */
export function leftAlone({
  unreadable,
  schema_version,
}: Judged): Extract<ReadHead, { kind: "unreadable" }> | undefined {
  if (unreadable !== null) return { kind: "unreadable", why: unreadable };
  const version = { schema_version };
  return isNewer(version) ? { kind: "unreadable", why: newerWords(version), isNewer: true } : undefined;
}

const documentSchema = z.object({
  run_id: z.string(),
  version: z.string(),
  head: textSchema,
  record: textSchema,
  long: z.boolean(),
  patch: z.instanceof(Uint8Array).nullable(),
  tail: z.instanceof(Uint8Array).nullable(),
});

/** The columns of a whole document, of a row that is called so. */
export function documentColumns(row: string): string {
  const bytes = (column: string, max: number): string =>
    `CASE WHEN octet_length(${row}.${column}) <= ${max} THEN ${row}.${column} END AS ${column}`;
  return [
    `${row}.run_id AS run_id`,
    `${row}.version AS version`,
    `${shortText(`${row}.head`, jsonbBounds.bytes)} AS head`,
    `${shortText(`${row}.record`, recordBounds.bytes)} AS record`,
    `coalesce(octet_length(${row}.patch) > ${maxPatchBytes}, false) AS long`,
    bytes("patch", maxPatchBytes),
    bytes("tail", maxTailBytes),
  ].join(", ");
}

/** A whole run. Throws `unsupported` for a newer schema, `store-failed` for what is damaged. */
export function readDocument(row: Row): { readonly document: RunDocument; readonly version: string } {
  const { run_id, version, head, record, patch, tail, long } = documentSchema.parse(row);
  const read = readHead(run_id, head);
  const failed = (why: string): UnreadableRun => new UnreadableRun(run_id, { why });
  if (read.kind === "unreadable") throw new UnreadableRun(run_id, read);
  if (record === null) throw failed(`its record has more than ${recordBounds.bytes} bytes`);
  const parsed = readRecordText(record);
  if (parsed.kind === "other") throw failed(`its record ${parsed.why}`);
  if (long) throw failed(`its patch has more than ${maxPatchBytes} bytes`);
  const document = {
    run: read.run,
    record: parsed.value,
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
