import type { EnvironmentTraits } from "../environment.ts";

export const gcpEnvironmentTraits: EnvironmentTraits = { cloud: "Google Cloud" };
