import type { JsonObject } from "../core/json.ts";
import { isFinal, type RunReason, type RunState } from "./states.ts";
import type { Phase } from "../core/output/log.ts";
import type { Handle } from "./handle.ts";
import { describeSource, type Provenance } from "./provenance.ts";

import type { RunHead } from "./head.ts";

/** The CI run that launched it, as far as one did. */
export type CiRun = {
  readonly provider: string;
  readonly repository: string;
  readonly workflow: string;
  readonly job: string;
  readonly run_id: string;
  readonly run_attempt: string;
  readonly event: string;
  readonly actor: string;
  readonly url: string;
};

export type ImageRecord = {
  /** What ran, by digest where there is one. */
  readonly reference: string;
  readonly digest?: string;
  readonly outcome: "built" | "unchanged" | "given";
  readonly name?: string;
  readonly input_hash?: string;
  readonly dockerfile?: { readonly origin: string; readonly sha256: string };
  readonly bases?: readonly { readonly reference: string; readonly digest?: string }[];
  readonly platform?: string;
  readonly build_arguments?: Readonly<Record<string, string>>;
  readonly reproducible?: boolean;
  readonly not_reproducible_because?: string;
};

/** Where the agent that takes a queued run gets its code from; the patch travels beside the record. */
export type QueuedSource =
  | { readonly kind: "image"; readonly image: string }
  | {
      readonly kind: "remote";
      readonly url: string;
      readonly version: string;
      readonly subdirectory?: string;
      /** What was fetched and patched must have this hash. */
      readonly tree?: string;
    }
  /** Only in a store of this machine. */
  | {
      readonly kind: "directory";
      readonly path: string;
      readonly host: string;
      readonly include_untracked: boolean;
      readonly tree?: string;
    };

/** What of a record is of its queue. */
export type QueuedRecord = {
  readonly queue: string;
  /** Hash of the definition that the spec was merged with. */
  readonly definition: string;
  /** The spec as it was submitted, before the definition was merged into it: an agent does that again. */
  readonly submitted: JsonObject;
  readonly source: QueuedSource;
};

/**
 * The record: what exactly ran, enough to run it again. Times are ISO 8601, UTC; hashes are sha256 in hex; `null` never appears:
 * what isn't known is absent. Values of secrets are nowhere in it.
 */
export type RunRecord = {
  readonly schema_version: 1;
  readonly run_id: string;
  readonly attempt: number;
  readonly name: string;
  readonly entity: string;
  readonly project: string;
  readonly by: string;
  readonly ci?: CiRun;
  /** Present for a run of a queue. */
  readonly queued?: QueuedRecord;
  readonly launcher: {
    readonly version: string;
    readonly host: string;
    readonly platform: string;
    readonly node: string;
    /** The page of the CI job that it is, where it is one: of a run of a queue, the agent's, and `ci` is the submitter's. */
    readonly job?: string;
  };
  readonly source?: Provenance;
  /** Files that name what is installed: requirements, lock files, Dockerfiles. */
  readonly requirement_files?: readonly { readonly path: string; readonly sha256: string }[];
  readonly image?: ImageRecord;
  readonly resource: string;
  readonly resource_args: JsonObject;
  /** The whole argv; the image's own entry point goes before it when `command` is absent. */
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly run_config: JsonObject;
  readonly env: Readonly<Record<string, string>>;
  /** Variable → name of the secret that filled it. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly timeout_ms?: number;
  /** The spec as it was resolved: what a reproduction starts from. */
  readonly spec: JsonObject;
  readonly handle?: Handle;
  readonly created_at: string;
  readonly started_at?: string;
  readonly finished_at?: string;
  readonly phases: readonly { readonly phase: Phase; readonly ms: number }[];
  readonly state: RunState;
  readonly reason?: RunReason;
  readonly message?: string;
  readonly exit_code?: number;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly outputs?: readonly OutputFile[];
  readonly log?: { readonly lines: number; readonly bytes: number; readonly file: string; readonly complete: boolean };
  readonly warnings: readonly string[];
  /** The attempts that have ended, of a run that a queue held. */
  readonly attempts?: readonly AttemptRecord[];
};

/** One attempt that has ended, as it is written and as it is told. */
export type AttemptRecord = {
  readonly attempt: number;
  readonly agent: string;
  readonly host?: string;
  readonly state: RunState;
  readonly reason?: RunReason;
  readonly message?: string;
  readonly exit_code?: number;
  readonly started_at?: string;
  readonly ended_at: string;
  /** It was ended for its agent's sake, and counts for no limit of attempts. */
  readonly given_back?: boolean;
};

export type OutputFile = { readonly path: string; readonly bytes: number; readonly sha256: string };

/** The head that lists show, from the record. */
export function headOf(record: RunRecord): RunHead {
  const now = record.finished_at ?? record.started_at ?? record.created_at;
  return {
    schema_version: 1,
    run_id: record.run_id,
    name: record.name,
    entity: record.entity,
    project: record.project,
    state: record.state,
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    ...(record.message === undefined ? {} : { message: record.message }),
    ...(record.exit_code === undefined ? {} : { exit_code: record.exit_code }),
    resource: record.resource,
    attempt: record.attempt,
    by: record.by,
    created_at: record.created_at,
    updated_at: now,
    ...(record.started_at === undefined ? {} : { started_at: record.started_at }),
    ...(isFinal(record.state) && record.finished_at !== undefined ? { finished_at: record.finished_at } : {}),
    source: record.source === undefined ? "unknown" : describeSource(record.source),
    ...(record.metrics === undefined ? {} : { metrics: record.metrics }),
  };
}
