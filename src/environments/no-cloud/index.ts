import type { EnvironmentPlugin } from "../environment.ts";

/** Of a launch config that names none: tools find by themselves what credentials there are. */
export const plugin: EnvironmentPlugin<undefined> = { create: () => ({ cloud: undefined }) };
