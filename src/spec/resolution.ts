import type { Json } from "../core/json.ts";
import type { Fault } from "./fault.ts";
import type { LaunchConfig } from "./launch-config.ts";
import type { LaunchSpec } from "./launch-spec.ts";

/** A document that was read, or given inline. `name` is what people know it by: `launch.yaml`, `input spec`. */
export type Document = { readonly name: string; readonly text: string };

/** A launch config's document; `found`: nobody named it, it was where one is looked for. */
export type ConfigDocument = Document & { readonly found?: true };

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
};

/** A row of `launch validate --explain`. */
export type ExplainRow = { readonly path: string; readonly value: Json; readonly origin: string };

export type Resolved = {
  readonly kind: "resolved";
  readonly spec: LaunchSpec;
  readonly config: LaunchConfig;
  /** Where each value of the spec and the config came from: leaves, in the order in which they are documented. */
  /** What has no effect here and is no fault. */
  readonly warnings: readonly string[];
  readonly origins: { readonly spec: readonly ExplainRow[]; readonly config: readonly ExplainRow[] };
};

export type Resolution = Resolved | { readonly kind: "faults"; readonly faults: readonly Fault[] };
