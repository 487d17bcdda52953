import { z } from "zod";

/** Amazon ECR with W&B's keys: a `uri`, or account, region and repository. */
export const ecrRegistrySchema = z.strictObject({
  type: z.literal("ecr"),
  uri: z.string().min(1).optional(),
  account_id: z
    .string()
    .regex(/^\d{12}$/, "an AWS account number: 12 digits, in quotes")
    .optional(),
  region: z.string().min(1).optional(),
  repository: z.string().min(1).optional(),
  /** W&B's name for `repository`. */
  repo_name: z.string().min(1).optional(),
});
export type EcrRegistryConfig = z.output<typeof ecrRegistrySchema>;
