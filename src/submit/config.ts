import { LaunchError } from "../core/errors.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import { type ConfigLookUp, readConfig } from "../spec/reading/read.ts";
import { faultsError } from "../spec/reading/render-faults.ts";
import type { Document, LeftOut } from "../spec/resolve/resolution.ts";
import { resolveConfig } from "../spec/resolve/resolve-config.ts";

export type ReadLaunchConfig = {
  /** Undefined where there is none. */
  readonly document: Document | undefined;
  readonly config: LaunchConfig;
  /** What doesn't count of it; to be said by whoever works with the rest. */
  readonly leftOut: LeftOut | undefined;
};

/** The launch config of this place, for who has no spec. Throws `bad-config` with all of its faults. */
export async function readLaunchConfig(lookUp: ConfigLookUp): Promise<ReadLaunchConfig> {
  const document = await readConfig(lookUp);
  const resolution = await resolveConfig(document);
  if (resolution.kind === "resolved") return { document, config: resolution.config, leftOut: resolution.leftOut };
  const documents = document === undefined ? [] : [document];
  const schemas = document === undefined ? {} : { [document.name]: "schema/launch-config.schema.json" };
  throw faultsError({ faults: resolution.faults, documents, schemas, config: document });
}

/**
 * The launch config of an agent. It is the ceiling of all that the agent runs, so it counts as a whole or the agent doesn't start: with a part
 * of it, runs would end for what their agent was meant to have. Throws `bad-config`.
 */
export async function readAgentConfig(lookUp: ConfigLookUp): Promise<ReadLaunchConfig> {
  const read = await readLaunchConfig(lookUp);
  if (read.leftOut === undefined) return read;
  const { name, fields } = read.leftOut;
  const paths = fields.map(({ path }) => path).join(", ");
  throw new LaunchError(
    "bad-config",
    `${name} was only found in the working folder, and would give runs ${paths}: an agent's launch config is named (-c ${name}, LAUNCH_CONFIG, the action's input launch-config), or trusted`,
    { detail: [read.leftOut.words] },
  );
}
