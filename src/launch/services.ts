import { type Clock, systemClock } from "../core/clock.ts";
import type { JsonObject } from "../core/json.ts";
import type { Log } from "../core/output/log.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { Tokens } from "../core/token.ts";
import { version } from "../core/version.ts";
import type { RunOutcome } from "../run/outcome.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { LeftOut } from "../spec/resolve/resolution.ts";
import type { LaunchSpec } from "../spec/launch-spec/launch-spec.ts";
import { type EnvironmentCatalog, ownEnvironments } from "../environments/index.ts";
import { ownResources, type ResourceCatalog } from "../resources/index.ts";
import type { Outlives, RunRequest } from "../resources/resource.ts";
import type { ResolvedSource, SourceRequest } from "../sources/source.ts";
import type { CiRun, RunRecord } from "../run/record.ts";
import type { StoreChoice } from "../stores/choose-store.ts";

/** What to launch. Everything in it is validated. */
export type LaunchRequest = {
  readonly spec: LaunchSpec;
  readonly config: LaunchConfig;
  /** What a relative `uri` is relative to: the spec file's folder, or the working folder. Absolute. */
  readonly baseDirectory: string;
  readonly includeUntracked: boolean;
  /** The source is the user's own word (an argument, a flag, an input), not that of a spec which may have come with the code. */
  readonly sourceNamed?: boolean;
  /** Where the code comes from, when it is not for the spec to say: an agent's. */
  readonly source?: SourceRequest;
  /** What of the launch config doesn't count, as nobody named it. */
  readonly leftOut?: LeftOut | undefined;
  /** What was said of the spec and the config before; shown and recorded. */
  readonly warnings: readonly string[];
  /** Values handed over for this launch, by the secret's name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Who asked, as claimed. */
  readonly by: string;
  readonly ci: CiRun | undefined;
};

/** What a launch works with; the use case itself reads no environment, clock or console. */
export type Services = {
  readonly log: Log;
  readonly clock: Clock;
  readonly state: StateDirectory;
  readonly store: StoreChoice;
  /** The launcher's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Tokens for https git hosts, by host. */
  readonly tokens: Tokens;
  readonly launcher: RunRecord["launcher"];
  readonly environments: EnvironmentCatalog;
  /** Closed by whoever made it, and by an agent at its end. */
  readonly resources: ResourceCatalog;
  /** Aborted when a run that is being ended should get no more time to end by itself. */
  readonly force?: AbortSignal;
};

/** What became of a launch. */
export type RunResult = {
  readonly runId: string;
  readonly outcome: RunOutcome;
  readonly record: RunRecord;
  readonly recordFile: string;
  readonly logFile: string;
  /** The last lines of the run's own output, redacted, without marks. */
  readonly lastLines: readonly string[];
  /** More lines about a failure: a build's last lines, a hunk. */
  readonly detail: readonly string[];
  /** Where the run is kept. */
  readonly store: string;
};

/** What an agent gives to a run of a queue. */
export type QueuedAttempt = {
  readonly queue: string;
  /** Of the store that the queue is in. */
  readonly storeId: string | undefined;
  /** What it holds of the machine: a slot's name → its units. */
  readonly slots: Readonly<Record<string, readonly string[]>>;
  /** The queue's definition that it is started with, for who takes the run over. */
  readonly definition?: JsonObject;
  /** Devices that are the run's own; undefined where the agent shares out none. */
  readonly devices: RunRequest["devices"];
  readonly outlives: Outlives;
  /** SIGTERM to SIGKILL when the agent ends the run. */
  readonly cancelGraceMs: number;
  /**
   * Of a run that is elsewhere: aborted, before the launch is, where it is to be left as it is for another agent to follow. Its end is
   * in the store before it is removed, which its agent does.
   */
  readonly letGo?: AbortSignal | undefined;
  /** Throws for a source that is not what was queued. */
  readonly checkSource: (source: ResolvedSource) => void;
};

/** What this version has of environments and resources, for one process. Whoever asks for it closes the resources. */
export function ownCatalogs({
  log,
  state,
  environment,
}: Pick<Services, "log" | "state" | "environment">): Pick<Services, "environments" | "resources"> {
  return {
    environments: ownEnvironments({ log, clock: systemClock, variables: environment }),
    resources: ownResources({ log, cacheDirectory: state.cache, environment }),
  };
}

/** The launcher on this machine, as records name it. */
export function thisLauncher({ host }: StateDirectory): RunRecord["launcher"] {
  return { version, host, platform: `${process.platform}/${process.arch}`, node: process.versions.node };
}
