import { z } from "zod";

const value = z.union([z.string(), z.number(), z.boolean()]);

/** `resource_args.local-container`: options of `docker run`, W&B's names. Those that reach the host need the launch config's `allow`. */
export const localContainerArgsSchema = z.strictObject({ cpus: value.optional() });
export type LocalContainerArgs = z.output<typeof localContainerArgsSchema>;
