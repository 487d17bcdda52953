import { LaunchError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/output/log.ts";

/** A cloud, as people call it. */
export type Cloud = "AWS" | "Azure" | "Google Cloud";

/** What others need to know of an environment, without loading its plug-in. */
export type EnvironmentTraits = { readonly cloud: Cloud };

/** Where in a cloud something is. */
export type CloudPlace = { readonly cloud: Cloud; readonly region: string | undefined };

/** Whom a cloud takes us for: in its account, project or subscription. Nothing of it is secret. */
export type CloudIdentity = { readonly account: string; readonly principal: string };

/** Keys that requests are signed with. */
export type AwsCredential = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly expiresAt: Date | undefined;
};

/** A text that requests carry. */
export type CloudToken = { readonly token: string; readonly expiresAt: Date | undefined };

/**
 * What gives credentials in a cloud. They are asked for at the moment of their use, each time: one that ends is made anew here, and
 * nobody else keeps one.
 */
type InCloud<Of extends Cloud> = {
  readonly cloud: Of;
  /** Where things are that don't say it themselves. */
  readonly region: string | undefined;
  identity(signal: AbortSignal): Promise<CloudIdentity>;
};

export type AwsEnvironment = InCloud<"AWS"> & { credential(signal: AbortSignal): Promise<AwsCredential> };

export type AzureEnvironment = InCloud<"Azure"> & {
  /** For the service of this audience. */
  token(audience: string, signal: AbortSignal): Promise<CloudToken>;
};

export type GoogleEnvironment = InCloud<"Google Cloud"> & { token(signal: AbortSignal): Promise<CloudToken> };

type CloudEnvironment = AwsEnvironment | AzureEnvironment | GoogleEnvironment;

/** The environment of a launch config; one that names none is of no cloud, and has nothing to give. */
export type Environment = CloudEnvironment | { readonly cloud: undefined };

export type EnvironmentOf<Of extends Cloud> = Extract<CloudEnvironment, { readonly cloud: Of }>;

/** The environment as one of this cloud, for who can't do without it; throws `bad-config`. `asker` is who, as the config names it: `registry "ecr"`. */
export function requireCloud<Of extends Cloud>(environment: Environment, cloud: Of, asker: string): EnvironmentOf<Of> {
  if (isOf(environment, cloud)) return environment;
  const has = environment.cloud === undefined ? "names no environment" : `has one of ${environment.cloud}`;
  throw new LaunchError(
    "bad-config",
    `${asker} needs an environment of ${cloud}, and the launch config ${has}; set \`environment\` to one of ${cloud}`,
  );
}

function isOf<Of extends Cloud>(environment: Environment, cloud: Of): environment is EnvironmentOf<Of> {
  return environment.cloud === cloud;
}

/** What an environment is opened with. */
export type EnvironmentContext = {
  readonly log: Log;
  readonly clock: Clock;
  /** The launcher's own variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
};

/** An environment's plug-in: `create` takes the config that its own `schema.ts` has validated, and asks nobody for anything yet. */
export type EnvironmentPlugin<Config> = {
  readonly create: (config: Config, context: EnvironmentContext) => Environment;
};
