import type { StoreAdministration } from "./administration.ts";
import type { StoreLocation } from "./location.ts";
import type { StoreContext } from "./store.ts";
import type { WholeStore } from "./whole-store.ts";

/** The stores by name. */
export const stores = {
  git: { load: () => import("./git/index.ts") },
  postgres: { load: () => import("./postgres/index.ts") },
} as const;

/** Opens the store at this location. Nothing is made before the first write. */
export async function openStore(location: StoreLocation, context: StoreContext): Promise<WholeStore> {
  if (location.transport === "postgres") return (await stores.postgres.load()).plugin.open(location, context);
  return (await stores.git.load()).plugin.open(location, context);
}

/** The tables and roles of a store that has such; undefined for any other. */
export async function administerStore(
  location: StoreLocation,
  context: StoreContext,
): Promise<StoreAdministration | undefined> {
  if (location.transport !== "postgres") return undefined;
  return (await stores.postgres.load()).plugin.administer(location, context);
}
