import { type JsonObject, toJson } from "../core/json.ts";
import type { RunReason, RunState } from "../core/run.ts";
import type { Phase } from "../core/log.ts";
import type { Handle } from "../resources/resource.ts";
import type { AttemptFacts } from "../reporting/run-words.ts";
import type { Provenance } from "../sources/source.ts";
import type { OutputFile } from "./outputs.ts";
import type { LaunchSpec } from "../spec/launch-spec.ts";
import type { LaunchRequest, Services } from "./services.ts";

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
export type AttemptRecord = AttemptFacts;

/** The record of a run of which nothing but its request is known yet. */
export function firstRecord(
  request: LaunchRequest,
  services: Pick<Services, "launcher">,
  runId: string,
  created: Date,
): RunRecord {
  const { spec } = request;
  return {
    schema_version: 1,
    run_id: runId,
    attempt: 1,
    name: spec.name,
    entity: spec.entity,
    project: spec.project,
    by: request.by,
    ...(request.ci === undefined ? {} : { ci: request.ci }),
    launcher: services.launcher,
    resource: spec.resource,
    resource_args: toJson(spec.resource_args[spec.resource] ?? {}),
    args: spec.overrides.args ?? [],
    run_config: spec.overrides.run_config ?? {},
    env: spec.env,
    secrets: spec.secrets,
    ...(spec.timeout === undefined ? {} : { timeout_ms: spec.timeout }),
    spec: specAsWritten(spec),
    created_at: created.toISOString(),
    phases: [],
    state: "starting",
    warnings: [],
  };
}

/** The resolved spec in the form in which one is written: read again, it gives the same. */
function specAsWritten(spec: LaunchSpec): JsonObject {
  const { timeout, retry, builder, resource_args, ...rest } = spec;
  const given = Object.entries(rest).filter(([, value]) => typeof value !== "object" || Object.keys(value).length > 0);
  const args = resource_args[spec.resource] ?? {};
  return toJson({
    ...Object.fromEntries(given),
    resource_args: { [spec.resource]: Object.keys(builder).length === 0 ? args : { ...args, builder } },
    ...(timeout === undefined ? {} : { timeout: `${timeout}ms` }),
    ...(retry === undefined
      ? {}
      : { retry: { ...retry, ...(retry.backoff === undefined ? {} : { backoff: `${retry.backoff}ms` }) } }),
  });
}
