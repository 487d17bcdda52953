import type { ResourceTraits } from "../resource.ts";

export const sagemakerTraits: ResourceTraits = {
  called: "a SageMaker job",
  otherNames: [],
  where: "elsewhere",
  needsImage: true,
  runsAs: { kind: "sandbox" },
  argsText: "A training job's request.",
};
