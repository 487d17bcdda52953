import { z } from "zod";

/** `resource_args.vertex`: passed on as it is; its plug-in will say which keys it takes. */
export const vertexArgsSchema = z.record(z.string(), z.unknown());
