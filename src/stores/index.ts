import type { StoreLocation } from "./location.ts";
import type { Store, StoreContext } from "./store.ts";

/** The stores by name. */
export const stores = {
  git: { load: () => import("./git/index.ts") },
} as const;

/** Opens the store at this location. Nothing is made before the first write. */
export async function openStore(location: StoreLocation, context: StoreContext): Promise<Store> {
  const { plugin } = await stores[location.kind].load();
  return plugin.open(location, context);
}
