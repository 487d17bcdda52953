import type { ResourceTraits } from "../resource.ts";

export const kubernetesTraits: ResourceTraits = {
  called: "a Kubernetes Job",
  otherNames: [],
  where: "elsewhere",
  needsImage: true,
  runsAs: { kind: "sandbox" },
  argsText: "A Job's manifest.",
};
