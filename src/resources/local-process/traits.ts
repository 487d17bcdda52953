import type { ResourceTraits } from "../resource.ts";

const argTexts: Readonly<Record<string, string>> = {
  venv: "Make a Python environment from the requirement files, and use it again while they don't change.",
};

export const localProcessTraits: ResourceTraits = {
  called: "a local process",
  otherNames: [],
  where: "here",
  needsImage: false,
  runsAs: { kind: "agent's user", allowedBy: "local_process" },
  argsText: "Options of a process on this machine.",
  argText: (name) => argTexts[name],
};
