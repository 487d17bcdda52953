import { z } from "zod";

/** `resource_args.sagemaker`: passed on as it is; its plug-in will say which keys it takes. */
export const sagemakerArgsSchema = z.record(z.string(), z.unknown());
