import type { ResourceTraits } from "../resource.ts";

export const vertexTraits: ResourceTraits = {
  called: "a Vertex AI job",
  otherNames: ["gcp-vertex"],
  where: "elsewhere",
  needsImage: true,
  runsAs: { kind: "sandbox" },
  argsText: "A custom job's spec.",
};
