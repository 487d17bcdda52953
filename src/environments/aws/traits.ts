import type { EnvironmentTraits } from "../environment.ts";

export const awsEnvironmentTraits: EnvironmentTraits = { cloud: "AWS" };
