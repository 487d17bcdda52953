import { z } from "zod";

/** `builder: {type: noop}`: nothing is built; code runs as it is, or mounted into a base image. */
export const noopBuilderSchema = z.strictObject({ type: z.literal("noop") });
export type NoopBuilderConfig = z.output<typeof noopBuilderSchema>;
