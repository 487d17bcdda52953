import type { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import { awsEnvironmentSchema } from "./aws/schema.ts";
import { awsEnvironmentTraits } from "./aws/traits.ts";
import { azureEnvironmentSchema } from "./azure/schema.ts";
import { azureEnvironmentTraits } from "./azure/traits.ts";
import type { Cloud, Environment, EnvironmentContext } from "./environment.ts";
import { gcpEnvironmentSchema } from "./gcp/schema.ts";
import { gcpEnvironmentTraits } from "./gcp/traits.ts";

/** The clouds' environments by `type`. Understood in a config, and refused at launch: their plug-ins are not there yet. */
export const clouds = {
  aws: { schema: awsEnvironmentSchema, traits: awsEnvironmentTraits, load: undefined },
  azure: { schema: azureEnvironmentSchema, traits: azureEnvironmentTraits, load: undefined },
  gcp: { schema: gcpEnvironmentSchema, traits: gcpEnvironmentTraits, load: undefined },
} as const;

/** All of them, with that of a config that names none. */
export const environments = { ...clouds, "no-cloud": { load: () => import("./no-cloud/index.ts") } } as const;

export type EnvironmentConfig = z.output<(typeof clouds)[keyof typeof clouds]["schema"]>;

/** The cloud of a config's environment. */
export function cloudOf({ type }: EnvironmentConfig): Cloud {
  return clouds[type].traits.cloud;
}

/** What opens environments in one process. One config's is opened once, for all who are given it. */
export type EnvironmentCatalog = {
  /** Throws `unsupported` for one whose plug-in is not there yet, before anything is fetched or built for it. */
  require(config: EnvironmentConfig | undefined): void;
  open(config: EnvironmentConfig | undefined): Promise<Environment>;
};

type Opener = (config: EnvironmentConfig, context: EnvironmentContext) => Promise<Environment>;
type Openers = Readonly<Partial<Record<EnvironmentConfig["type"], Opener>>>;

/** The clouds whose plug-ins are there. */
const ownOpeners: Openers = {};

/** The environments of this version, or others in the place of some of them. */
export function ownEnvironments(context: EnvironmentContext, others: Openers = {}): EnvironmentCatalog {
  const openers = { ...ownOpeners, ...others };
  const opened = new Map<string, Promise<Environment>>();
  const openerOf = ({ type }: EnvironmentConfig): Opener => {
    const opener = openers[type];
    if (opener !== undefined) return opener;
    throw new LaunchError(
      "unsupported",
      `environment "${type}" is not in this version: give a launch config without it (--launch-config), and log in before the launch where a tool needs it`,
    );
  };
  const openNew = async (config: EnvironmentConfig | undefined): Promise<Environment> =>
    config === undefined
      ? (await environments["no-cloud"].load()).plugin.create(config, context)
      : openerOf(config)(config, context);
  return {
    require: (config) => {
      if (config !== undefined) openerOf(config);
    },
    open: (config) => {
      const key = JSON.stringify(config ?? null);
      const environment = opened.get(key) ?? openNew(config);
      opened.set(key, environment);
      environment.catch(() => opened.delete(key));
      return environment;
    },
  };
}
