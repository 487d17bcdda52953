import type { FieldFault } from "../../core/field-fault.ts";
import type { BuilderTraits } from "../builder.ts";
import type { KanikoBuilderConfig } from "./schema.ts";

/** The others are the cluster's: its secrets, and what the build's Pod may be. */
const plain: readonly string[] = ["type", "destination", "platform", "build-context-store", "build-job-name"];

export const kanikoBuilderTraits: BuilderTraits<KanikoBuilderConfig> = {
  builds: true,
  reaches: (config) => Object.keys(config).filter((field) => !plain.includes(field)),
  faults: (config, { hasRegistry }) => {
    const faults: FieldFault[] = [];
    if (config.destination === undefined && !hasRegistry) {
      const message = "builder kaniko has nowhere to push to; give builder.destination or a registry";
      faults.push({ field: "type", message });
    }
    if ((config["secret-name"] === undefined) !== (config["secret-key"] === undefined)) {
      const field = config["secret-name"] === undefined ? "secret-key" : "secret-name";
      faults.push({ field, message: "builder.secret-name and builder.secret-key go together; give both or none" });
    }
    return faults;
  },
};
