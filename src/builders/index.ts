import { dockerBuilderSchema } from "./docker/schema.ts";
import { kanikoBuilderSchema } from "./kaniko/schema.ts";
import { noopBuilderSchema } from "./noop/schema.ts";

/** The builders by `type`. One whose `load` is undefined is understood in a config, and refused at launch: its plug-in is not there yet. */
export const builders = {
  docker: { schema: dockerBuilderSchema, load: () => import("./docker/index.ts") },
  kaniko: { schema: kanikoBuilderSchema, load: undefined },
  noop: { schema: noopBuilderSchema, load: () => import("./noop/index.ts") },
} as const;
