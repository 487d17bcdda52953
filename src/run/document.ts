import type { JsonObject } from "../core/json.ts";
import type { RunHead } from "./head.ts";

/** All that a store keeps of a run. The record is opaque to it. */
export type RunDocument = {
  readonly run: RunHead;
  readonly record: JsonObject;
  readonly patch?: Uint8Array;
  /** The redacted end of its log. */
  readonly tail?: string;
};

/** `version` is what a later update must name: it is refused when the run has changed since. */
export type StoredRun = RunDocument & { readonly version: string };
