import type { Overlay } from "../resolve/resolution.ts";

/** Variables that say something of a spec, as W&B has them. */
const variables = { WANDB_ENTITY: "entity", WANDB_PROJECT: "project", WANDB_NAME: "name" } as const;

/** What the environment says of a spec; an empty variable says nothing. */
export function environmentOverlays(environment: Readonly<Record<string, string | undefined>>): readonly Overlay[] {
  return Object.entries(variables).flatMap(([origin, field]): readonly Overlay[] => {
    const value = environment[origin];
    return value === undefined || value === "" ? [] : [{ origin, path: [field], value, layer: "environment" }];
  });
}
