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
  const faults: Fault[] = [];
  if (builder === undefined || builder.type === "noop") return faults;
  const { destination } = builder;
  const uri = registryUri(registry);
  if (builder.type === "kaniko") {
    if (destination === undefined && registry === undefined) {
      faults.push(
        fault("builder.type", "builder kaniko has nowhere to push to; give builder.destination or a registry"),
      );
    }
    if ((builder["secret-name"] === undefined) !== (builder["secret-key"] === undefined)) {
      const written = builder["secret-name"] === undefined ? "secret-key" : "secret-name";
      faults.push(
        fault(`builder.${written}`, "builder.secret-name and builder.secret-key go together; give both or none"),
      );
    }
  }
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

function registryUri(registry: LaunchConfig["registry"]): string | undefined {
  return registry?.uri;
}

function registryFaults({ registry }: LaunchConfig, fault: FaultOf): readonly Fault[] {
  if (registry === undefined || registry.type === "acr" || registry.type === "generic") return [];
  const faults: Fault[] = [];
  const place = placeOf(registry.uri);
  if (registry.type === "ecr") {
    const { uri, account_id: account, repository = registry.repo_name } = registry;
    if (uri === undefined && (account === undefined || registry.region === undefined || repository === undefined)) {
      faults.push(fault("registry.type", "registry ecr needs a uri, or account_id, region and repository"));
    }
    if (
      registry.repository !== undefined &&
      registry.repo_name !== undefined &&
      registry.repository !== registry.repo_name
    ) {
      faults.push(
        fault(
          "registry.repo_name",
          `registry.repo_name is W&B's name for registry.repository, which says ${JSON.stringify(registry.repository)}; keep one`,
        ),
      );
    }
  } else if (registry.uri === undefined && (registry.repository === undefined || registry.region === undefined)) {
    faults.push(fault("registry.type", `registry ${registry.type} needs a uri, or region and repository`));
  }
  if (place !== undefined && registry.region !== undefined && place.region !== registry.region) {
    faults.push(
      fault(
        "registry.region",
        `registry.region is ${JSON.stringify(registry.region)}, and registry.uri is in ${place.region}; keep one`,
      ),
    );
  }
  return faults;
}

/** Google's repositories of several regions: they are near all of them. */
const multiRegions: readonly string[] = ["us", "europe", "asia"];

function environmentFaults({ environment, registry, builder }: LaunchConfig, fault: FaultOf): readonly Fault[] {
  if (environment === undefined) return [];
  const destination = builder !== undefined && "destination" in builder ? builder.destination : undefined;
  const pushes = [
    {
      field: registry?.uri === undefined ? "registry.region" : "registry.uri",
      what: "the registry",
      place: registryPlace(registry),
    },
    { field: "builder.destination", what: "builder.destination", place: placeOf(destination) },
  ];
  return pushes.flatMap(({ field, what, place }) => {
    if (place === undefined) return [];
    if (place.cloud !== environment.type) {
      return [
        fault(
          field,
          `${what} is of ${cloudNames[place.cloud]}, and the environment of ${cloudNames[environment.type]}`,
        ),
      ];
    }
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

const cloudNames = { aws: "AWS", gcp: "Google Cloud", azure: "Azure" } as const;

type CloudPlace = { readonly cloud: keyof typeof cloudNames; readonly region: string | undefined };

function registryPlace(registry: LaunchConfig["registry"]): CloudPlace | undefined {
  switch (registry?.type) {
    case undefined:
      return undefined;
    case "generic":
      return placeOf(registry.uri);
    case "acr":
      return { cloud: "azure", region: undefined };
    case "ecr":
      return { cloud: "aws", region: placeOf(registry.uri)?.region ?? registry.region };
    case "artifact-registry":
    case "gcr":
      return { cloud: "gcp", region: placeOf(registry.uri)?.region ?? registry.region };
  }
}

/** Which cloud and region a repository's host says that it is in. */
function placeOf(uri: string | undefined): CloudPlace | undefined {
  const host = uri?.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  const ecr = /^\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1];
  if (ecr !== undefined) return { cloud: "aws", region: ecr };
  const google = /^([a-z0-9-]+)-docker\.pkg\.dev$/.exec(host)?.[1];
  if (google !== undefined) return { cloud: "gcp", region: google };
  return host.endsWith(".azurecr.io") ? { cloud: "azure", region: undefined } : undefined;
}
