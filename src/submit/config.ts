import type { LaunchConfig } from "../spec/config/launch-config.ts";
import { type ConfigLookUp, readConfig } from "../spec/reading/read.ts";
import { faultsError } from "../spec/reading/render-faults.ts";
import type { Document } from "../spec/resolve/resolution.ts";
import { resolveSpec } from "../spec/resolve/resolve.ts";

export type ReadLaunchConfig = {
  /** Undefined where there is none. */
  readonly document: Document | undefined;
  readonly config: LaunchConfig;
};

/** The launch config of this place, for who has no spec. Throws `bad-config` with all of its faults. */
export async function readLaunchConfig(lookUp: ConfigLookUp): Promise<ReadLaunchConfig> {
  const document = await readConfig(lookUp);
  const resolution = await resolveSpec({
    ...(document === undefined ? {} : { config: document }),
    overlays: [],
    context: { entity: "", project: "" },
  });
  if (resolution.kind === "resolved") return { document, config: resolution.config };
  const documents = document === undefined ? [] : [document];
  const schemas = document === undefined ? {} : { [document.name]: "schema/launch-config.schema.json" };
  throw faultsError({ faults: resolution.faults, documents, schemas, config: document });
}
