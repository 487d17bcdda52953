import type { LaunchConfig } from "../config/launch-config.ts";
import type { CountedConfig } from "../config/left-out.ts";
import { checkConfig } from "../config/config-checks.ts";
import { refuseInConfig } from "../launch-spec/refused.ts";
import type { Fault } from "../reading/fault.ts";
import type { Located } from "../reading/located.ts";
import type { ConfigDocument, LeftOut } from "./resolution.ts";
import { inOrder, treeOf, validate } from "./validate.ts";

export type ConfigResolution =
  | {
      readonly kind: "resolved";
      readonly config: LaunchConfig;
      readonly leftOut?: LeftOut;
      readonly warnings: readonly string[];
    }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] };

/** A launch config by itself, for who has no spec. */
export async function resolveConfig(document: ConfigDocument | undefined): Promise<ConfigResolution> {
  const said: Said = { faults: [], warnings: [] };
  const counted = await countedOf(document, configTreeOf(document, said), said.faults);
  if (counted !== undefined) said.faults.push(...checkConfig(counted.config, counted.tree));
  if (counted === undefined || said.faults.length > 0) return { kind: "faults", faults: inOrder(said.faults) };
  const { config, leftOut } = counted;
  if (leftOut === undefined) return { kind: "resolved", config, warnings: said.warnings };
  return { kind: "resolved", config, leftOut, warnings: [...said.warnings, leftOut.words] };
}

type Said = { readonly faults: Fault[]; readonly warnings: string[] };

/** What is written in a config, without what others have and this version doesn't. */
export function configTreeOf(document: ConfigDocument | undefined, said: Said): Located {
  return refuseInConfig(treeOf(document, "a launch config", said.faults), document, said);
}

/** What a place without a launch config has. Most launches have none, and don't pay for its schema: 6 ms of CPU. */
const noConfig: LaunchConfig = {
  secrets: {},
  slots: {},
  lease: {},
  profiles: {},
  allow: { mounts: [], build_network: true, patches_in_public: false, local_process: "refused" },
};

/** What counts of a config; undefined for one with faults. */
export async function countedOf(
  document: ConfigDocument | undefined,
  tree: Located,
  faults: Fault[],
): Promise<CountedConfig | undefined> {
  if (document === undefined) return { config: noConfig, tree };
  const { launchConfigSchema } = await import("../config/launch-config.ts");
  const whole = validate(launchConfigSchema, tree, faults);
  if (whole === undefined || document.found?.kind !== "untrusted") return whole && { config: whole, tree };
  const { countedConfig } = await import("../config/left-out.ts");
  return countedConfig(whole, tree, document);
}
