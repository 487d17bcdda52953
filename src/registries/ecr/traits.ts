import type { FieldFault } from "../../core/field-fault.ts";
import type { RegistryTraits } from "../registry.ts";
import type { EcrRegistryConfig } from "./schema.ts";

export const ecrRegistryTraits: RegistryTraits<EcrRegistryConfig> = {
  cloud: "AWS",
  placeOfHost: (host) => {
    const region = /^\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1];
    return region === undefined ? undefined : { cloud: "AWS", region };
  },
  faults: (config) => {
    const { uri, account_id: account, region, repository = config.repo_name } = config;
    const faults: FieldFault[] = [];
    if (uri === undefined && (account === undefined || region === undefined || repository === undefined)) {
      faults.push({ field: "type", message: "registry ecr needs a uri, or account_id, region and repository" });
    }
    if (config.repo_name !== undefined && config.repo_name !== repository) {
      const message = `registry.repo_name is W&B's name for registry.repository, which says ${JSON.stringify(repository)}; keep one`;
      faults.push({ field: "repo_name", message });
    }
    return faults;
  },
};
