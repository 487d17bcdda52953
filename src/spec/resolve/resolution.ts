import type { Json, JsonObject } from "../../core/json.ts";
import type { QueueDefinition } from "../../queues/definition.ts";
import type { Fault } from "../reading/fault.ts";
import type { LaunchConfig } from "../config/launch-config.ts";
import type { LaunchSpec } from "../launch-spec/launch-spec.ts";

/** A document that was read, or given inline. `name` is what people know it by: `launch.yaml`, `input spec`. */
export type Document = { readonly name: string; readonly text: string };

/** A launch config's document; `found`: nobody named it, it was where one is looked for. */
export type ConfigDocument = Document & { readonly found?: FoundConfig };

/** Where a launch config was found: in the user's own folder, or in the working folder, which may be anybody's. */
export type FoundConfig =
  | { readonly kind: "own" }
  | { readonly kind: "trusted" }
  | {
      readonly kind: "untrusted";
      /** What it allowed when it was trusted, of one that has changed since. */
      readonly before?: readonly ConfigField[];
      /** Why it can't be said whether it is trusted. */
      readonly problem?: string;
    };

/** A field of a launch config that was written: `allow.mounts`, `secrets.API_KEY`. */
export type ConfigField = { readonly path: string; readonly value: Json };

/** What doesn't count of a config that was only found in the working folder, and the words for it. */
export type LeftOut = { readonly name: string; readonly fields: readonly ConfigField[]; readonly words: string };

/**
 * A value from outside the files, at its path in the spec (`overrides.entry_point`, `resource_args.local-container`).
 * Precedence: defaults < launch config < spec < `environment` < `command`. Two values of one layer for one path must agree.
 */
export type Overlay = {
  /** `--resource`, `input resource`, `WANDB_PROJECT`. */
  readonly origin: string;
  readonly path: readonly string[];
  readonly value: Json;
  /** Default `command`: flags and action inputs. */
  readonly layer?: "environment" | "command";
  /** Adds to the list that is there (`-a`), instead of taking its place. */
  readonly append?: boolean;
};

export type ResolveRequest = {
  readonly spec?: Document;
  readonly config?: ConfigDocument;
  readonly overlays: readonly Overlay[];
  /** What this place says where nobody else does: the repository's owner and name, the folder's name. */
  readonly context: { readonly entity: string; readonly project: string; readonly name?: string };
  /** Absent: a queue that the spec names is not looked at. */
  readonly queue?: QueueResolution;
};

export type QueueResolution = {
  /** The submitter's launch config says nothing of what an agent may do, and the agent's does. */
  readonly role: "submitter" | "agent";
  /** Who may enqueue is trusted with the agent's own user: the store is this user's own. */
  readonly submittersTrusted: boolean;
  /** Asked once, when the spec names a queue. The config tells where the store is. */
  readonly definitionOf: (queue: string, config: LaunchConfig) => Promise<QueueLookUp>;
};

/** Faults are those of the definition's own file. */
export type QueueLookUp =
  | { readonly kind: "definition"; readonly definition: QueueDefinition }
  | { readonly kind: "missing"; readonly known: readonly string[] }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] };

/** The queue that a spec was merged with, and what was asked before that: an agent merges it again. */
export type MergedQueue = {
  readonly name: string;
  readonly definition: QueueDefinition;
  readonly hash: string;
  /** The spec without the queue's part, as one is written; with the names that it got. */
  readonly submitted: JsonObject;
};

/** A row of `launch validate --explain`. */
export type ExplainRow = { readonly path: string; readonly value: Json; readonly origin: string };

export type Resolved = {
  readonly kind: "resolved";
  readonly spec: LaunchSpec;
  readonly config: LaunchConfig;
  /** Present when something of the config doesn't count; it is among the warnings. */
  readonly leftOut?: LeftOut;
  /** Present when the spec names a queue and it was looked at. */
  readonly queue?: MergedQueue;
  /** Where each value of the spec and the config came from: leaves, in the order in which they are documented. */
  /** What has no effect here and is no fault. */
  readonly warnings: readonly string[];
  readonly origins: { readonly spec: readonly ExplainRow[]; readonly config: readonly ExplainRow[] };
};

export type Resolution =
  Resolved | { readonly kind: "faults"; readonly faults: readonly Fault[]; readonly leftOut?: LeftOut };
