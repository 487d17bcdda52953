import type { Log } from "../core/output/log.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { type Tokens, tokenText } from "../core/token.ts";
import { openStore } from "./index.ts";
import { isOwnStore } from "./own-store.ts";
import { fileStoreLocation, type GitStoreLocation, parseStoreUrl, type StoreLocation } from "./location.ts";
import type { Store } from "./store.ts";
import type { WholeStore } from "./whole-store.ts";

export type StoreChoice = {
  /** Opened only when the first write is due, so that a spec's fault costs nothing. */
  open(): Promise<Store>;
  /** Opened when the first refuses the first write; undefined where there is nothing to fall back to. */
  readonly openFallback: (() => Promise<Store>) | undefined;
  /** True where each write is dear (a repository elsewhere): then a run is written twice only. */
  readonly spare: boolean;
  /** True where anybody can read it: then a patch stays out of it unless the config allows it. */
  readonly public: boolean;
};

export type StorePlace = {
  readonly state: StateDirectory;
  /** Tokens for https hosts; a store gets the one of its own host only. */
  readonly tokens: Tokens;
  readonly log: Log;
};

export type StoreChoiceRequest = StorePlace & {
  /** The URL that a flag, an input, LAUNCH_STORE or the launch config gives. */
  readonly given: string | undefined;
  /** A remote store that is taken when none is given, and done without when it refuses (this repository, on GitHub). */
  readonly byDefault: string | undefined;
  /** False when the remote that is taken by default is known to be private. */
  readonly isPublic: boolean;
};

/** Which store keeps a run. Throws `bad-usage` or `unsupported` for a URL that is none; opens nothing. */
export function chooseStore(request: StoreChoiceRequest): StoreChoice {
  const own = fileStoreLocation(request.state.store);
  const chosen = request.given ?? request.byDefault;
  const location = chosen === undefined ? own : parseStoreUrl(chosen);
  const isRemote = location.transport !== "file";
  const mayFallBack = isRemote && request.given === undefined;
  return {
    open: () => openWith(location, request),
    openFallback: mayFallBack ? () => openWith(own, request) : undefined,
    spare: isRepositoryElsewhere(location),
    // A database is never public, whatever the repository is.
    public: isRepositoryElsewhere(location) && mayBePublic(request),
  };
}

type RepositoryElsewhere = Exclude<GitStoreLocation, { readonly transport: "file" }>;

function isRepositoryElsewhere(location: StoreLocation): location is RepositoryElsewhere {
  return "remote" in location;
}

/** What is known of the repository that is taken by default says nothing of another. */
function mayBePublic({ given, byDefault, isPublic: known }: StoreChoiceRequest): boolean {
  return known || (given !== undefined && given !== byDefault);
}

/** The store at a URL; the embedded one without. */
export async function openStoreAt(url: string | undefined, place: StorePlace): Promise<WholeStore> {
  const location = url === undefined ? fileStoreLocation(place.state.store) : parseStoreUrl(url);
  return openWith(location, place);
}

export type OpenQueues = {
  readonly store: WholeStore;
  /** It is a folder of this machine: who submits to it, and who takes from it, is here. */
  readonly storeIsHere: boolean;
  /** Of those: nobody but this user may write to it. */
  readonly storeIsOwn: boolean;
  readonly storeIsPublic: boolean;
  /** Asks the host whether anybody can read the store; undefined where it doesn't say. Only of one that may be public. */
  readonly isReadByAll?: (signal: AbortSignal) => Promise<boolean | undefined>;
  /** Each write is dear: a repository elsewhere. */
  readonly spareStore: boolean;
};

/** The store that keeps queues: the one that was chosen and no other, since who waits in another waits for nobody. */
export async function openQueues(request: StoreChoiceRequest): Promise<OpenQueues> {
  const chosen = request.given ?? request.byDefault;
  const location = chosen === undefined ? fileStoreLocation(request.state.store) : parseStoreUrl(chosen);
  return {
    store: await openWith(location, request),
    storeIsHere: location.transport === "file",
    storeIsOwn: location.transport === "file" && (await isOwnStore(location.path)),
    storeIsPublic: isRepositoryElsewhere(location) && mayBePublic(request),
    ...(isRepositoryElsewhere(location) ? { isReadByAll: (signal) => askPublic(location.remote, signal) } : {}),
    spareStore: isRepositoryElsewhere(location),
  };
}

/** Asked for a patch alone. */
async function askPublic(remote: string, signal: AbortSignal): Promise<boolean | undefined> {
  const { isPublic } = await import("../clients/git/remotes/public-access.ts");
  return isPublic(remote, signal);
}

/** A token that can't be had is told here, in its own words: later it would look like a store that can't be reached. */
async function openWith(location: StoreLocation, { state, tokens, log }: StorePlace): Promise<WholeStore> {
  const overHttp = location.transport === "https" || location.transport === "http";
  const host = overHttp ? URL.parse(location.remote)?.host : undefined;
  const token = host === undefined ? undefined : tokens[host];
  if (token !== undefined) await tokenText(token, new AbortController().signal);
  return openStore(location, { log, stateDirectory: state, ...(token === undefined ? {} : { token }) });
}
