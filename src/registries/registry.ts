import type { Clock } from "../core/clock.ts";
import type { FieldFault } from "../core/field-fault.ts";
import type { Finding } from "../core/finding.ts";
import type { Cloud, CloudPlace, Environment } from "../environments/environment.ts";

/** A login for a registry host; `expiresAt` when it ends by itself. */
export type PullCredential = {
  readonly host: string;
  readonly username: string;
  readonly password: string;
  readonly expiresAt: Date | undefined;
};

export interface Registry {
  /** Repository (with host, without tag) for an image of this name. */
  repositoryFor(imageName: string): string;
  /** A login to push and pull with, good for minutes at least; undefined means what Docker has on this machine. */
  credential(signal: AbortSignal): Promise<PullCredential | undefined>;
}

/** What a registry is opened with. */
export type RegistryContext = {
  /** Of whose cloud the credentials are. */
  readonly cloudEnvironment: Environment;
  readonly clock: Clock;
};

export type RegistryPlugin<Config> = {
  readonly create: (config: Config, context: RegistryContext) => Registry;
  /** Looks at what it needs of this machine. */
  readonly examine?: () => Promise<readonly Finding[]>;
};

/** What others need to know of a registry, without loading its plug-in. */
export type RegistryTraits<Config> = {
  /** The one cloud that it is of; undefined when its host alone can tell. */
  readonly cloud: Cloud | undefined;
  /** Where a repository's host says that it is, if that is one of this registry's. */
  readonly placeOfHost?: (host: string) => CloudPlace | undefined;
  /** What of a config doesn't go together. */
  readonly faults?: (config: Config) => readonly FieldFault[];
};
