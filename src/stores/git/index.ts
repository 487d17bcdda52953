import { systemClock } from "../../core/clock.ts";
import type { GitStoreLocation } from "../location.ts";
import type { AgentStore } from "../agent-store.ts";
import type { QueueStore } from "../queue-store.ts";
import type { StoreContext } from "../store.ts";
import type { WholeStore } from "../whole-store.ts";
import { bareRepository } from "./repository/bare-repository.ts";
import { localBranch, remoteBranch } from "./definitions/definition-branch.ts";
import { type DefinitionBranch, gitDefinitions } from "./definitions/definitions.ts";
import { gitStore } from "./git-store.ts";
import { remoteRepository } from "./repository/remote-repository.ts";
import { seenBranch } from "./repository/seen-branch.ts";

function withDefinitions(store: QueueStore & AgentStore, branch: DefinitionBranch): WholeStore {
  return { ...store, definitions: gitDefinitions(branch, () => systemClock.now()) };
}

/** Its stores throw `refused` when they may not be read or written, `store-failed` when they can't be reached or used. */
export const plugin = {
  open: (location: GitStoreLocation, { log, stateDirectory, token }: StoreContext): Promise<WholeStore> => {
    const { cache } = stateDirectory;
    if (location.transport === "file") {
      const repository = bareRepository(location.path, log);
      return Promise.resolve(withDefinitions(gitStore(location.url, repository, { log }), localBranch(repository)));
    }
    const remote = { url: location.remote, token: location.transport === "ssh" ? undefined : token };
    const seen = seenBranch(systemClock);
    const repository = remoteRepository({ remote, cache, log, seen });
    const branch = remoteBranch(remote, cache, seen);
    return Promise.resolve(withDefinitions(gitStore(location.url, repository, { log }), branch));
  },
};
