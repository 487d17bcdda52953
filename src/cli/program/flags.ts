import type { agentTable } from "../../submit/settings/agent-table.ts";
import type { launchTable } from "../../submit/settings/launch-table.ts";
import type { FlagValues } from "../../submit/settings/setting.ts";

/*
 * What commander hands over: for settings under their names in the tables, for other options under those that commander makes of them; a
 * test runs every flag through both.
 */

/** What can be said of a launch by flags; they stand above the spec's own values. */
export type LaunchFlags = FlagValues<typeof launchTable>;

export type StoreFlags = { readonly store?: string };
export type JsonFlags = { readonly json?: true };

export type RawFlags = { readonly raw?: true };

export type RunFlags = LaunchFlags & JsonFlags & RawFlags & { readonly verbose?: true };
export type ValidateFlags = LaunchFlags & JsonFlags & { readonly explain?: true };
export type DoctorFlags = LaunchFlags & JsonFlags;
export type TrustFlags = JsonFlags & { readonly list?: true; readonly remove?: true };
export type InitFlags = { readonly force?: true };
export type ListFlags = StoreFlags &
  JsonFlags & {
    readonly limit?: string;
    readonly state?: readonly string[];
    readonly queue?: string;
    readonly watch?: true;
  };
export type ShowFlags = StoreFlags & JsonFlags & { readonly patch?: true; readonly spec?: true };
export type LogsFlags = StoreFlags & JsonFlags & RawFlags & { readonly follow?: true };
export type PruneFlags = StoreFlags &
  JsonFlags & { readonly keep?: string; readonly olderThan?: string; readonly dryRun?: true };

export type WaitFlags = StoreFlags & JsonFlags & RawFlags;
export type CancelFlags = StoreFlags & JsonFlags & { readonly group?: true };
export type RequeueFlags = StoreFlags & JsonFlags & { readonly force?: true };
export type QueueFlags = StoreFlags & JsonFlags;
export type QueueListFlags = QueueFlags & { readonly watch?: true };
export type QueueShowFlags = QueueFlags & { readonly limit?: string; readonly watch?: true };
export type QueueHistoryFlags = QueueFlags & { readonly limit?: string };
export type QueueDeleteFlags = QueueFlags & { readonly force?: true };
export type QueueWriteFlags = QueueFlags & {
  readonly config?: string;
  readonly resource?: string;
  readonly resourceArgs?: string;
  readonly set?: readonly string[];
  readonly unset?: readonly string[];
};

export type MigrateFlags = JsonFlags;
export type ShowStoreFlags = JsonFlags;
export type InitStoreFlags = JsonFlags & { readonly dryRun?: true };
export type GrantsFlags = InitStoreFlags & {
  readonly role?: string;
  readonly name?: string;
  readonly to?: readonly string[];
};
export type AgentListFlags = StoreFlags & JsonFlags;
export type AgentStopFlags = StoreFlags & JsonFlags & { readonly now?: true; readonly timeout?: string };
export type AgentFlags = FlagValues<typeof agentTable> &
  StoreFlags &
  JsonFlags &
  RawFlags & { readonly verbose?: true };

/** What a command is given besides its options. */
export type Words = {
  /** SPEC, URI or DIRECTORY; one, or for a queue several. */
  readonly whats: readonly string[];
  /** The words after `--`; undefined without one. */
  readonly command: readonly string[] | undefined;
};
