import { z } from "zod";

export const awsEnvironmentSchema = z.strictObject({ type: z.literal("aws"), region: z.string().min(1) });
