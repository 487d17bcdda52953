import type { StorePlugin } from "../store.ts";
import { bareRepository } from "./bare-repository.ts";
import { gitStore } from "./git-store.ts";
import { remoteRepository } from "./remote-repository.ts";

export const plugin: StorePlugin = {
  open: (location, { log, stateDirectory, token }) => {
    const repository =
      location.transport === "file"
        ? bareRepository(location.path, log)
        : remoteRepository({
            remote: { url: location.remote, token: location.transport === "ssh" ? undefined : token },
            cache: stateDirectory.cache,
            log,
          });
    return Promise.resolve(gitStore(location.url, repository));
  },
};
