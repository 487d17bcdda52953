import type { ResourceTraits } from "../resource.ts";

export const localContainerTraits: ResourceTraits = {
  called: "a local container",
  otherNames: ["local"],
  where: "here",
  needsImage: true,
  runsAs: { kind: "sandbox" },
  argsText: "Options of docker run, by their long names.",
  // They are documented there.
  argText: (name) => `${name.length === 1 ? "-" : "--"}${name} of docker run.`,
};
