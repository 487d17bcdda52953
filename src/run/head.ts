import { z } from "zod";
import { excessOf, type JsonBounds, type JsonMember, membersOf, readJsonObject } from "../core/json.ts";
import { headBounds, heldHeadBytes, heldMessage, heldMetrics, smallHeadBytes } from "./bounds.ts";
import { attemptField, durationMsField, lineField, mapOf, smallCountField, textField, timeField } from "./fields.ts";
import { runIdPattern } from "./run-id.ts";
import { runReasons, runStates } from "./states.ts";
import { isNewer, newerWords, schemaVersion, whyUnreadable } from "./unreadable.ts";

export { isNewer, schemaVersion } from "./unreadable.ts";

const queuedHeadSchema = z
  .object({
    queue: lineField,
    priority: z.literal([0, 1, 2, 3]),
    enqueued_at: timeField,
    /** Not to be started before. */
    not_before: timeField.exactOptional(),
    /** What it takes of its agent's machine: name → count. */
    slots: mapOf(smallCountField),
    timeout_ms: durationMsField.exactOptional(),
    /** Runs that were enqueued together. */
    group: lineField.exactOptional(),
    /** A later run of the same key replaces it while it waits. */
    replace: lineField.exactOptional(),
    /** Hash of the queue definition that it was merged with. */
    definition: lineField,
    attempts_max: smallCountField,
  })
  .readonly();

/** The part of a head that queues work with. Durations are in ms. */
export type QueuedHead = z.output<typeof queuedHeadSchema>;

const leaseSchema = z
  .object({ agent: lineField, incarnation: lineField, attempt: attemptField, since: timeField })
  .readonly();

/** An agent's claim on a run. The incarnation is new at each start of an agent, so that two of one id are told apart. */
export type Lease = z.output<typeof leaseSchema>;

const movedSchema = z.union([z.object({ from: textField }).readonly(), z.object({ to: textField }).readonly()]);

/** A run's head, as it is read back from wherever it was written. */
export const runHeadSchema = z
  .object({
    schema_version: z.literal(schemaVersion),
    run_id: z.string().regex(runIdPattern),
    name: lineField,
    entity: lineField,
    project: lineField,
    state: z.enum(runStates),
    reason: z.enum(runReasons).exactOptional(),
    message: textField.transform(heldMessage).exactOptional(),
    exit_code: z.int().exactOptional(),
    resource: lineField,
    attempt: attemptField,
    /** Made when the run was registered, and the run's own for its life: a part of its identity, see names/identity.ts. */
    nonce: lineField.exactOptional(),
    /** Who asked, as claimed. */
    by: lineField,
    created_at: timeField,
    updated_at: timeField,
    /** When it was started at its resource, the last time that it was. */
    started_at: timeField.exactOptional(),
    finished_at: timeField.exactOptional(),
    /** For people: `3f9c2e1a7b40 + patch`. */
    source: lineField,
    metrics: mapOf(z.number()).transform(heldMetrics).exactOptional(),
    /** What a queue needs to know of the run; absent for one that no queue holds. */
    queued: queuedHeadSchema.exactOptional(),
    /** Who has it now; present while it is leased. */
    lease: leaseSchema.exactOptional(),
    /** While it goes from one store to another: a copy that is held says where it comes from, what has ended where it went. */
    moved: movedSchema.exactOptional(),
  })
  .readonly();

/** A run's head (`run.json`): what lists show, and its state. Times are ISO 8601, UTC. */
export type RunHead = z.output<typeof runHeadSchema>;

/** What a head may have. */
export const headNames: readonly string[] = Object.keys(runHeadSchema.unwrap().shape);

export type ReadHead =
  | {
      readonly kind: "run";
      readonly run: RunHead;
      /** Of one that isn't small. */
      readonly bytes?: number;
    }
  /** A newer launch's may be at work all the same. */
  | { readonly kind: "unreadable"; readonly why: string; readonly isNewer?: boolean };

/** Whose head it must be, and what people know it as. */
export type WantedHead = { readonly runId: string; readonly called: string };

/** Reads a run's head. What can't be read says why, and is left alone by everyone. */
export function readHeadText(
  content: string | Uint8Array,
  { runId, called }: WantedHead,
  bounds: JsonBounds = headBounds,
): ReadHead {
  const isLong = Buffer.byteLength(content) > heldHeadBytes;
  const held = isLong ? lessOf(content, bounds) : { kind: "text" as const, content };
  if (held.kind === "other") return { kind: "unreadable", why: `its ${called} ${held.why}` };
  const parsed = readJsonObject(held.content, bounds);
  if (parsed.kind === "other") return { kind: "unreadable", why: `its ${called} ${parsed.why}` };
  const read = readRunHead(parsed.value, called);
  if (read.kind === "unreadable") return read;
  if (read.run.run_id !== runId) {
    return { kind: "unreadable", why: `its ${called} is another run's: "${read.run.run_id}"` };
  }
  const bytes = Buffer.byteLength(held.content);
  return bytes <= smallHeadBytes ? read : { ...read, bytes };
}

/** What is held of a long one: nothing is made of the rest. */
function lessOf(
  content: string | Uint8Array,
  bounds: JsonBounds,
): { readonly kind: "text"; readonly content: string } | { readonly kind: "other"; readonly why: string } {
  const text =
    typeof content === "string"
      ? Buffer.from(content)
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (text.byteLength > bounds.bytes) return { kind: "other", why: `has more than ${bounds.bytes} bytes` };
  // Of what is looked at here no byte of another character is taken for it.
  const excess = excessOf(text.toString("latin1"), bounds);
  if (excess !== undefined) return { kind: "other", why: excess };
  const members = membersOf(text);
  if (members === undefined) return { kind: "other", why: "is not a JSON object" };
  const known = members.filter(({ name }) => quotedNames.some((other) => name.equals(other)));
  const bytesOf = (some: readonly JsonMember[]): number =>
    some.reduce((sum, { name, value }) => sum + name.byteLength + value.byteLength + 2, 0);
  const needed = known.filter(({ name }) => !name.equals(messageName));
  const bytes = bytesOf(needed);
  if (bytes > heldHeadBytes) {
    return { kind: "other", why: `has ${bytes} bytes for queues to hold, of at most ${heldHeadBytes}` };
  }
  const kept = bytesOf(known) > heldHeadBytes ? needed : known;
  return {
    kind: "text",
    content: `{${kept.map(({ name, value }) => `${name.toString()}:${value.toString()}`).join(",")}}`,
  };
}

const messageName = Buffer.from('"message"');
const quotedNames = headNames.filter((name) => name !== "metrics").map((name) => Buffer.from(JSON.stringify(name)));

/** The same of a value whose bounds are known. */
export function readRunHead(value: unknown, called: string): ReadHead {
  if (isNewer(value)) return { kind: "unreadable", why: newerWords(value), isNewer: true };
  const parsed = runHeadSchema.safeParse(value);
  if (parsed.success) return { kind: "run", run: parsed.data };
  return { kind: "unreadable", why: whyUnreadable(parsed.error, called) };
}
