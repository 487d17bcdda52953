import { rm } from "node:fs/promises";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { type JsonObject, toJson } from "../core/json.ts";
import type { Log, Phase } from "../core/output/log.ts";
import type { Redact } from "../core/output/redaction.ts";
import { nothingSaid, quoted, type Said, say, textOf } from "../core/output/said.ts";
import type { RunDocument } from "../run/document.ts";
import type { RunRecord } from "../run/record.ts";
import { maxTailBytes } from "../run/bounds.ts";
import { keptRecord } from "../run/read-record.ts";
import { redactedRecord } from "../run/redaction/record-words.ts";
import { doneOf, type Transition } from "../run/transitions.ts";
import { headOf } from "../run/transitions/head-and-record.ts";
import type { RunWriter } from "./store-writer.ts";
import { writeNamed } from "../core/folders/write-named.ts";

/*
 * A run's journal: the record as it grows, the times of its phases, and the writes to the store.
 * A write happens at most at four moments: when the run is known, before it is submitted (with its handle), when it has started, and at
 * its end. A store that must be spared (a repository on GitHub takes six pushes a minute) gets the second and the last only.
 */
export type JournalRequest = {
  readonly record: RunRecord;
  readonly writer: RunWriter;
  /** True for a store where each write is dear. */
  readonly spareStore: boolean;
  /** The record is kept here too: it outlives a store that can't be reached. */
  readonly recordFile: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly redact: () => Redact;
};

/** What of a record no transition writes. */
type Amendment = Partial<
  Omit<RunRecord, "state" | "attempt" | "reason" | "message" | "exit_code" | "started_at" | "finished_at">
>;

/** A phase as people see it. */
export type ToldPhase<T> = {
  readonly phase: Phase;
  readonly detail: Said;
  /** What came of it, in one line; undefined shows nothing. */
  readonly ended: (result: T) => Said | undefined;
};

export type Journal = {
  /** As it stands, without any secret's value. */
  readonly record: () => RunRecord;
  /** Of the store that has the run; the fallback's once the first has refused. */
  readonly location: () => string;
  readonly amend: (change: Amendment) => void;
  /** The run has come further. */
  readonly become: (transition: (record: RunRecord) => Transition<RunRecord>) => void;
  readonly warn: (message: Said) => void;
  /** The source's patch, which goes with the first write. */
  readonly keepPatch: (patch: Uint8Array) => void;
  readonly addPhases: (phases: RunRecord["phases"]) => void;
  /** Runs one phase and keeps its time. */
  phase<T>(told: ToldPhase<T>, work: () => Promise<T>): Promise<T>;
  /** The run is known. A spared store hears of it at `submitting`. */
  known(): Promise<void>;
  /** About to submit: the handle is in the record, and must be in the store before anything runs. */
  submitting(): Promise<void>;
  /** The run has started: said to a store that need not be spared, beside the run. */
  started(): void;
  /** Writes the record's file as it stands, for whoever takes over. */
  keep(): Promise<void>;
  /** The end, which the record's file has by then: said to the store. Never throws; false when the store has yet to hear of it. */
  finish(tail: string): Promise<boolean>;
};

/** A write must not hang a run's end; nor be cut by the same Ctrl-C that ends the run. */
const writeDeadlineMs = 60_000;
const startedWriteDeadlineMs = 1_000;
const finalWriteDeadlineMs = 20_000;
/** After a cancel there are seconds until we are killed, and most of them went to the run. */
const cancelledWriteDeadlineMs = 1_500;

export function startJournal(request: JournalRequest): Journal {
  let { record } = request;
  let patch: Uint8Array | undefined;
  const { log, clock, writer } = request;
  let starting: Promise<void> | undefined;
  let kept = false;

  /** The warnings of this attempt: of them is known what others wrote. */
  const told = new Map<string, Said>();

  const clean = (): RunRecord => keptRecord(redactedRecord({ record, told }, request.redact()));
  const document = (): RunDocument => documentOf(clean(), patch);
  const addPhases = (phases: RunRecord["phases"]): void => {
    record = { ...record, phases: [...record.phases, ...phases] };
  };

  const journal: Journal = {
    record: clean,
    location: () => writer.location(),
    amend: (change) => {
      record = { ...record, ...change };
    },
    become: (transition) => {
      record = doneOf(transition(record));
    },
    warn: (message) => {
      record = { ...record, warnings: [...record.warnings, textOf(message)] };
      told.set(textOf(message), message);
      log.warning(message);
    },
    keepPatch: (kept) => {
      patch = kept;
    },
    addPhases,
    phase: async ({ phase, detail, ended }, work) => {
      const start = clock.monotonicMs();
      log.phase({ phase, status: "started", detail });
      const keep = (): number => {
        const ms = Math.round(clock.monotonicMs() - start);
        addPhases([{ phase, ms }]);
        return ms;
      };
      try {
        const result = await work();
        const elapsedMs = keep();
        const words = ended(result);
        if (words !== undefined) log.phase({ phase, status: "ended", detail: words, elapsedMs });
        return result;
      } catch (error) {
        log.phase({ phase, status: "failed", detail: quoted(messageOf(error)), elapsedMs: keep() });
        throw error;
      }
    },
    known: async () => {
      if (!request.spareStore) await writer.write(document(), writeDeadlineMs);
    },
    submitting: () => writer.write(document(), writeDeadlineMs),
    started: () => {
      writer.started?.(document());
      if (request.spareStore || writer.started !== undefined) return;
      starting = writer.write(document(), startedWriteDeadlineMs).catch((error: unknown) => {
        log.debug(say`that the run has started could not be written: ${messageOf(error)}`);
      });
    },
    keep: async () => {
      if (writer.isTaken?.() !== true) kept = await writeRecord(request, document().record);
    },
    finish: async (tail) => {
      const last = document();
      const deadlineMs = last.run.state === "cancelled" ? cancelledWriteDeadlineMs : finalWriteDeadlineMs;
      await starting;
      if (writer.isTaken?.() === true) return true;
      try {
        return await writer.end({ ...last, tail: shortTail(tail) }, deadlineMs);
      } catch (error) {
        const where = kept ? say`; its record is in ${request.recordFile}` : nothingSaid;
        log.warning(say`the run's end could not be written to ${writer.location()}: ${messageOf(error)}${where}`);
        return false;
      }
    },
  };
  return journal;
}

function documentOf(record: RunRecord, patch: Uint8Array | undefined): RunDocument {
  return { run: headOf(record), record: toJson(record), ...(patch === undefined ? {} : { patch }) };
}

/** Its last lines, as far as they are kept: what was taken out of them may have made them longer. */
function shortTail(tail: string): string {
  const bytes = Buffer.from(tail);
  if (bytes.length <= maxTailBytes) return tail;
  return bytes.subarray(bytes.indexOf("\n", bytes.length - maxTailBytes) + 1).toString();
}

/** False when it could not be written: then there is none, rather than half of one. */
async function writeRecord({ recordFile, log }: JournalRequest, record: JsonObject): Promise<boolean> {
  try {
    await writeNamed(recordFile, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
    return true;
  } catch (error) {
    log.warning(say`the record file ${recordFile} could not be written: ${messageOf(error)}`);
    await rm(recordFile, { force: true }).catch(() => undefined);
    return false;
  }
}
