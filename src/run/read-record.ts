import { LaunchError } from "../core/errors.ts";
import { type JsonObject, type ParsedObject, readJsonObject } from "../core/json.ts";
import { askedBounds, askedHeadBounds, recordBounds } from "./bounds.ts";
import type { RunDocument } from "./document.ts";
import { type ReadHead, type RunHead, runHeadSchema, type WantedHead } from "./head.ts";
import { type AttemptRecord, attemptSchema, type QueuedRecord, type RunRecord, runRecordSchema } from "./record.ts";
import { isNewer, newerWords, whyUnreadable } from "./unreadable.ts";

/*
 * A store keeps a record as it was written, and it may be anybody's word: it is read here, by who needs what is in it. Its head is read by
 * the store itself, see head.ts.
 */

export type ReadRecord =
  { readonly kind: "record"; readonly record: RunRecord } | { readonly kind: "unreadable"; readonly why: string };

type Recorded = Pick<RunDocument, "run" | "record">;

/** A record as a store keeps it, within its bounds: what is in it is for whoever needs that. `why` goes on from what it is called. */
export function readRecordText(content: string | Uint8Array): ParsedObject {
  return readJsonObject(content, recordBounds);
}

/**
 * Why a stored run is left alone, though its head can be read: its record is damaged, another run's, or of a newer schema. What else may be
 * wrong with a record is told to who runs it.
 */
export function whyLeftAlone(
  content: string | Uint8Array,
  { runId, called }: WantedHead,
): Extract<ReadHead, { kind: "unreadable" }> | undefined {
  const parsed = readRecordText(content);
  if (parsed.kind === "other") return { kind: "unreadable", why: `its ${called} ${parsed.why}` };
  const { value } = parsed;
  if (isNewer(value)) return { kind: "unreadable", why: newerWords(value), isNewer: true };
  const { run_id: id } = value;
  if (id === undefined || id === runId) return undefined;
  return { kind: "unreadable", why: `its ${called} is another run's` };
}

/** A stored run's record, or why it can't be read: it is of a newer schema, damaged, or another run's. */
export function recordOf({ run, record }: Recorded): ReadRecord {
  if (isNewer(record)) return { kind: "unreadable", why: newerWords(record) };
  const parsed = runRecordSchema.safeParse(record);
  if (!parsed.success) return { kind: "unreadable", why: whyUnreadable(parsed.error, "record") };
  if (parsed.data.run_id === run.run_id) return { kind: "record", record: parsed.data };
  return { kind: "unreadable", why: `its record is another run's: ${JSON.stringify(parsed.data.run_id)}` };
}

/** A stored run's record. Throws `unsupported` for one of a newer schema, `store-failed` for what is damaged. */
export function readRecord(stored: Recorded): RunRecord {
  const read = recordOf(stored);
  if (read.kind === "record") return read.record;
  const newer = isNewer(stored.record);
  const todo = newer ? "use a newer launch, or --json" : "--json shows it as it is";
  throw new LaunchError(newer ? "unsupported" : "store-failed", `run "${stored.run.run_id}": ${read.why}; ${todo}`);
}

/** Throws `bad-spec` for a run that nobody could read again: a name in it is too long, or there are too many. */
export function refuseUnreadable({ run, record }: Recorded): void {
  const whole = runRecordSchema.safeParse(record);
  const [fault] = [runHeadSchema.safeParse(run).error, whole.error].filter((error) => error !== undefined);
  const refused = (why: string): LaunchError => new LaunchError("bad-spec", `what was asked for can't be kept: ${why}`);
  if (fault !== undefined) throw refused(whyUnreadable(fault, "record"));
  const head = readJsonObject(JSON.stringify(run), askedHeadBounds);
  if (head.kind === "other") throw refused(`what its queue holds of it ${head.why}, ${longestPart(run)}`);
  const read = readJsonObject(JSON.stringify(record), askedBounds);
  if (read.kind === "other") throw refused(`its record ${read.why}`);
}

/** Of what a person has written of a head. */
function longestPart({ name, entity, project, by, queued }: RunHead): string {
  const parts = { name, entity, project, by, slots: queued?.slots, group: queued?.group, replace: queued?.replace };
  const sizes = Object.entries(parts).map(([part, value]) => {
    return [part, Buffer.byteLength(JSON.stringify(value ?? ""))] as const;
  });
  const [part, bytes] = sizes.sort(([, a], [, b]) => b - a)[0] ?? ["", 0];
  return `the most of it in ${part} (${bytes} bytes); make that shorter`;
}

const mostWarnings = 200;
const longestWarning = 2_000;

/** Lists that a record can do without, in the order in which they are left out of one that nobody could read again. */
const spare = ["outputs", "requirement_files", "warnings", "attempts", "phases"] as const;

/** A record as it can be read again, whatever has become of its run: what is too long is cut, and said. */
export function keptRecord(record: RunRecord): RunRecord {
  const warnings = record.warnings.slice(-mostWarnings).map((warning) => warning.slice(0, longestWarning));
  let kept: RunRecord = { ...record, warnings };
  const leftOut: string[] = [];
  const next = [...spare];
  for (let name = next.shift(); name !== undefined && !fits(kept); name = next.shift()) {
    const { length } = kept[name] ?? [];
    if (length === 0) continue;
    leftOut.push(`${length} ${name}`);
    kept = { ...kept, [name]: [] };
  }
  if (!fits(kept) && kept.source !== undefined) {
    leftOut.push("the names of its source's files");
    kept = { ...kept, source: withoutNames(kept.source) };
  }
  if (leftOut.length === 0) return kept;
  const warning = `left out, as the record would be too long to be read: ${leftOut.join(", ")}`;
  return { ...kept, warnings: [...kept.warnings, warning] };
}

function fits(record: RunRecord): boolean {
  return readJsonObject(JSON.stringify(record), recordBounds).kind === "object";
}

function withoutNames(source: NonNullable<RunRecord["source"]>): NonNullable<RunRecord["source"]> {
  const { patch } = source;
  return {
    ...source,
    untracked_included: [],
    untracked_left_out: [],
    marked_left_out: [],
    lfs_pointers: [],
    submodules: [],
    ...(patch === undefined ? {} : { patch: { ...patch, files: [] } }),
  };
}

/** What a queued run was asked to be. Throws `refused` for a record that says nothing of it, or not in a form that is known. */
export function readQueued(stored: Recorded): QueuedRecord {
  const read = recordOf(stored);
  const queued = read.kind === "record" ? read.record.queued : undefined;
  if (queued !== undefined) return queued;
  const why = read.kind === "record" ? "its record doesn't say what was submitted" : read.why;
  throw new LaunchError("refused", `run "${stored.run.run_id}": ${why}`);
}

/** The ended attempts that a record tells of, which may be wrong in other things: what is none is left out. */
export function attemptsIn({ attempts }: JsonObject): readonly AttemptRecord[] {
  if (!Array.isArray(attempts)) return [];
  return attempts.flatMap((item) => attemptSchema.safeParse(item).data ?? []);
}
