import type { GitStoreLocation } from "../location.ts";
import type { QueueStore } from "../queue-store.ts";
import type { StoreContext } from "../store.ts";
import { bareRepository } from "./bare-repository.ts";
import { gitStore } from "./git-store.ts";
import { remoteRepository } from "./remote-repository.ts";

/** Its stores throw `refused` when they may not be read or written, `store-failed` when they can't be reached or used. */
export const plugin = {
  open: (location: GitStoreLocation, { log, stateDirectory, token }: StoreContext): Promise<QueueStore> => {
    const repository =
      location.transport === "file"
        ? bareRepository(location.path, log)
        : remoteRepository({
            remote: { url: location.remote, token: location.transport === "ssh" ? undefined : token },
            cache: stateDirectory.cache,
            log,
          });
    return Promise.resolve(gitStore(location.url, repository, { log }));
  },
};
