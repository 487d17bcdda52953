import { z } from "zod";

/** `resource_args.local-process`. `venv: true` makes (and reuses) a Python environment from the requirement files. */
export const localProcessArgsSchema = z.strictObject({ venv: z.boolean().default(false) });
export type LocalProcessArgs = z.output<typeof localProcessArgsSchema>;
