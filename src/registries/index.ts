import type { z } from "zod";
import type { FieldFault } from "../core/field-fault.ts";
import { LaunchError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import type { CloudPlace } from "../environments/environment.ts";
import { acrRegistrySchema } from "./acr/schema.ts";
import { acrRegistryTraits } from "./acr/traits.ts";
import { artifactRegistrySchema } from "./artifact-registry/schema.ts";
import { artifactRegistryTraits } from "./artifact-registry/traits.ts";
import { ecrRegistrySchema } from "./ecr/schema.ts";
import { ecrRegistryTraits } from "./ecr/traits.ts";
import { genericRegistrySchema } from "./generic/schema.ts";
import { genericRegistryTraits } from "./generic/traits.ts";
import type { Registry, RegistryContext, RegistryTraits } from "./registry.ts";
import { renewedCredential } from "./renewed-credential.ts";

/** The registries by `type`. One whose `load` is undefined is understood in a config, and refused at launch: its plug-in is not there yet. */
export const registries = {
  acr: { schema: acrRegistrySchema, traits: acrRegistryTraits, load: undefined },
  "artifact-registry": { schema: artifactRegistrySchema, traits: artifactRegistryTraits, load: undefined },
  ecr: { schema: ecrRegistrySchema, traits: ecrRegistryTraits, load: undefined },
  generic: { schema: genericRegistrySchema, traits: genericRegistryTraits, load: () => import("./generic/index.ts") },
} as const;

export type RegistryConfig = z.output<(typeof registries)[keyof typeof registries]["schema"]>;

/** What of a registry's config doesn't go together. */
export function registryFaults(config: RegistryConfig): readonly FieldFault[] {
  const place = repositoryPlace(config.uri);
  const region = regionOf(config);
  if (place === undefined || region === undefined || place.region === region) return ownFaults(config);
  const message = `registry.region is ${JSON.stringify(region)}, and registry.uri is in ${place.region}; keep one`;
  return [...ownFaults(config), { field: "region", message }];
}

function ownFaults(config: RegistryConfig): readonly FieldFault[] {
  switch (config.type) {
    case "acr":
      return registries.acr.traits.faults?.(config) ?? [];
    case "artifact-registry":
    case "gcr":
      return registries["artifact-registry"].traits.faults?.(config) ?? [];
    case "ecr":
      return registries.ecr.traits.faults?.(config) ?? [];
    case "generic":
      return registries.generic.traits.faults?.(config) ?? [];
  }
}

function regionOf(config: RegistryConfig): string | undefined {
  return "region" in config ? config.region : undefined;
}

/** In which cloud, and where in it, a registry is; undefined when nothing says so. */
export function registryPlace(config: RegistryConfig): CloudPlace | undefined {
  const { cloud } = registries[config.type === "gcr" ? "artifact-registry" : config.type].traits;
  const place = repositoryPlace(config.uri);
  return cloud === undefined ? place : { cloud, region: place?.region ?? regionOf(config) };
}

/** The same of a repository, by its host. */
export function repositoryPlace(uri: string | undefined): CloudPlace | undefined {
  const host = uri?.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  for (const { traits } of Object.values<{ readonly traits: Pick<RegistryTraits<never>, "placeOfHost"> }>(registries)) {
    const place = traits.placeOfHost?.(host);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Loads a registry's plug-in and opens it; its login is renewed as it ends. Throws `unsupported` for one that is not there yet. */
export async function openRegistry(config: RegistryConfig, context: RegistryContext): Promise<Registry> {
  const registry = await createRegistry(config, context);
  return { ...registry, credential: renewedCredential((signal) => registry.credential(signal), context.clock) };
}

async function createRegistry(config: RegistryConfig, context: RegistryContext): Promise<Registry> {
  switch (config.type) {
    case "generic":
      return (await registries.generic.load()).plugin.create(config, context);
    case "acr":
    case "artifact-registry":
    case "gcr":
    case "ecr":
      throw new LaunchError(
        "unsupported",
        `registry "${config.type}" is not in this version; log Docker in to it and use {type: generic, uri: REPOSITORY}`,
      );
  }
}

/** The registry of a repository that is named without one. */
export function openRepository(uri: string, context: RegistryContext): Promise<Registry> {
  return openRegistry({ type: "generic", uri }, context);
}

/** What the registries find of this machine. */
export async function examineRegistries(): Promise<readonly Finding[]> {
  const { plugin } = await registries.generic.load();
  return (await plugin.examine?.()) ?? [];
}
