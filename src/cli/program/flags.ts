/*
 * What commander hands over. Each type here is one command's options in program.ts, under the names that commander makes of them;
 * a test runs every flag through both.
 */

/** What can be said of a launch by flags; they stand above the spec's own values. */
export type LaunchFlags = {
  readonly config?: string;
  readonly uri?: string;
  readonly gitVersion?: string;
  readonly dockerImage?: string;
  readonly name?: string;
  readonly project?: string;
  readonly entity?: string;
  /** True when the words after `--` are the command. */
  readonly entryPoint?: string | true;
  readonly arg?: readonly string[];
  readonly set?: readonly string[];
  readonly env?: readonly string[];
  readonly secret?: readonly string[];
  readonly dockerfile?: string;
  readonly resource?: string;
  readonly resourceArgs?: string;
  readonly dockerArg?: readonly string[];
  readonly timeout?: string;
  /** True without a name: the queue `default`. */
  readonly queue?: string | true;
  readonly priority?: string;
  readonly setVar?: readonly string[];
  readonly launchConfig?: string;
};

export type StoreFlags = { readonly store?: string };
export type JsonFlags = { readonly json?: true };

export type RunFlags = LaunchFlags &
  StoreFlags &
  JsonFlags & {
    readonly includeUntracked?: true;
    readonly dryRun?: true;
    readonly verbose?: true;
    readonly each?: readonly string[];
    readonly replace?: string;
    readonly wait?: true;
  };
export type ValidateFlags = LaunchFlags & StoreFlags & JsonFlags & { readonly explain?: true };
export type DoctorFlags = LaunchFlags & StoreFlags & JsonFlags;
export type InitFlags = { readonly force?: true };
export type ListFlags = StoreFlags &
  JsonFlags & {
    readonly limit?: string;
    readonly state?: readonly string[];
    readonly queue?: string;
    readonly watch?: true;
  };
export type ShowFlags = StoreFlags & JsonFlags & { readonly patch?: true; readonly spec?: true };
export type LogsFlags = StoreFlags & JsonFlags & { readonly follow?: true };
export type PruneFlags = StoreFlags &
  JsonFlags & { readonly keep?: string; readonly olderThan?: string; readonly dryRun?: true };

export type WaitFlags = StoreFlags & JsonFlags;
export type CancelFlags = StoreFlags & JsonFlags & { readonly group?: true };
export type RequeueFlags = StoreFlags & JsonFlags;
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
export type AgentFlags = StoreFlags &
  JsonFlags & {
    readonly queue?: readonly string[];
    readonly maxJobs?: string;
    readonly name?: string;
    readonly config?: string;
    readonly slots?: readonly string[];
    readonly drain?: true;
    readonly idleTimeout?: string;
    readonly timeLimit?: string;
    readonly onSignal?: string;
    readonly onCancel?: string;
    readonly failOnRun?: true;
    readonly verbose?: true;
  };

/** What a command is given besides its options. */
export type Words = {
  /** SPEC, URI or DIRECTORY. */
  readonly what: string | undefined;
  /** The words after `--`; undefined without one. */
  readonly command: readonly string[] | undefined;
};
