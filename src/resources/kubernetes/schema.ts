import { z } from "zod";

/** `resource_args.kubernetes`: passed on as it is; its plug-in will say which keys it takes. */
export const kubernetesArgsSchema = z.record(z.string(), z.unknown());
