import { builderFaults as builderFaultsOf } from "../../builders/index.ts";
import { cloudOf } from "../../environments/index.ts";
import { registryFaults as registryFaultsOf, registryPlace, repositoryPlace } from "../../registries/index.ts";
import { type Fault, faultAt } from "../reading/fault.ts";
import type { LaunchConfig } from "./launch-config.ts";
import { at, type Located } from "../reading/located.ts";

/** Faults between the blocks of a launch config. */
export function checkConfig(config: LaunchConfig, tree: Located): readonly Fault[] {
  const profiles = Object.entries(config.profiles).flatMap(([name, { environment, registry, builder }]) =>
    placeFaults({ ...config, environment, registry, builder }, tree, ["profiles", name]),
  );
  return [...placeFaults(config, tree, []), ...profiles];
}

/** Faults between environment, registry and builder: the config's own, or those of a profile at `within`. */
function placeFaults(config: LaunchConfig, tree: Located, within: readonly string[]): readonly Fault[] {
  const fault = (field: string, message: string): Fault => {
    const path = [...within, ...field.split(".")];
    const found = at(tree, path) ?? at(tree, within) ?? tree;
    return faultAt({ origin: found.origin, path: path.join("."), message });
  };
  return [...builderFaults(config, fault), ...registryFaults(config, fault), ...environmentFaults(config, fault)];
}

type FaultOf = (field: string, message: string) => Fault;

function builderFaults({ builder, registry }: LaunchConfig, fault: FaultOf): readonly Fault[] {
  if (builder === undefined) return [];
  const faults = builderFaultsOf(builder, { hasRegistry: registry !== undefined }).map(({ field, message }) =>
    fault(`builder.${field}`, message),
  );
  const destination = destinationOf(builder);
  const uri = registry?.uri;
  if (destination !== undefined && uri !== undefined && !isWithin(plainUri(destination), plainUri(uri))) {
    faults.push(
      fault(
        "builder.destination",
        `builder.destination ${JSON.stringify(destination)} is not in the registry ${JSON.stringify(uri)}; keep one of them`,
      ),
    );
  }
  return faults;
}

function isWithin(uri: string, base: string): boolean {
  return uri === base || uri.startsWith(`${base}/`) || base.startsWith(`${uri}/`);
}

/** A repository without scheme, tag and slash at the end. */
function plainUri(uri: string): string {
  return uri
    .replace(/^https?:\/\//, "")
    .replace(/:[\w.-]+$/, (tag) => (/^:\d+$/.test(tag) ? tag : ""))
    .replace(/\/+$/, "");
}

function destinationOf(builder: LaunchConfig["builder"]): string | undefined {
  return builder !== undefined && "destination" in builder ? builder.destination : undefined;
}

function registryFaults({ registry }: LaunchConfig, fault: FaultOf): readonly Fault[] {
  if (registry === undefined) return [];
  return registryFaultsOf(registry).map(({ field, message }) => fault(`registry.${field}`, message));
}

/** Google's repositories of several regions: they are near all of them. */
const multiRegions: readonly string[] = ["us", "europe", "asia"];

function environmentFaults({ environment, registry, builder }: LaunchConfig, fault: FaultOf): readonly Fault[] {
  if (environment === undefined) return [];
  const cloud = cloudOf(environment);
  const pushes = [
    {
      field: registry?.uri === undefined ? "registry.region" : "registry.uri",
      what: "the registry",
      place: registry === undefined ? undefined : registryPlace(registry),
    },
    { field: "builder.destination", what: "builder.destination", place: repositoryPlace(destinationOf(builder)) },
  ];
  return pushes.flatMap(({ field, what, place }) => {
    if (place === undefined) return [];
    if (place.cloud !== cloud) return [fault(field, `${what} is of ${place.cloud}, and the environment of ${cloud}`)];
    const { region } = environment;
    if (
      region === undefined ||
      place.region === undefined ||
      place.region === region ||
      multiRegions.includes(place.region)
    )
      return [];
    return [fault(field, `${what} is in ${place.region}, and the environment in ${region}`)];
  });
}
