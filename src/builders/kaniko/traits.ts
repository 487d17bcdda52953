import type { FieldFault } from "../../core/field-fault.ts";
import type { BuilderTraits } from "../builder.ts";
import type { KanikoBuilderConfig } from "./schema.ts";

export const kanikoBuilderTraits: BuilderTraits<KanikoBuilderConfig> = {
  builds: true,
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
