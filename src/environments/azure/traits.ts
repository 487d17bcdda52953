import type { EnvironmentTraits } from "../environment.ts";

export const azureEnvironmentTraits: EnvironmentTraits = { cloud: "Azure" };
