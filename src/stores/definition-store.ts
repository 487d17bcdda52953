/*
 * Where the definitions of queues are. Policy is never read from a ref that a submitter can push: in git they are files on the default
 * branch, so that review, protection and history are git's; in a database they are rows that an admin alone may write. A store keeps
 * their text and doesn't look into it.
 */

export type StoredDefinition = {
  readonly name: string;
  /** YAML or JSON; empty where it can't be read. */
  readonly text: string;
  /** Why it can't be read: then this queue is faulty, and no other. */
  readonly unreadable?: string;
  /** What a change must name. */
  readonly version: string;
  /** What people know it by: `.launch/queues/gpu.yaml`. */
  readonly path: string;
};

export type DefinitionChange = {
  readonly name: string;
  /** Undefined removes it. */
  readonly text: string | undefined;
  /** The version that it replaces; undefined for a queue that has none yet. */
  readonly expected: string | undefined;
  /** Who asked, as claimed. */
  readonly by: string;
  /** The limit of waiting runs that the text says, for a store that holds to it by itself. */
  readonly maxWaiting?: number | undefined;
};

export type DefinitionWrite =
  | { readonly kind: "written"; readonly path: string }
  /** Somebody else has changed it meanwhile. */
  | { readonly kind: "conflict" }
  /** It may not be written from here: a person takes the file to where it belongs, by review. */
  | { readonly kind: "protected"; readonly path: string; readonly branch: string; readonly said: string };

export interface DefinitionStore {
  /**
   * Undefined for a queue without a definition. Asked often: where nothing has changed it costs one look, and none where another request
   * has seen that at most `mayBeOldMs` ago.
   */
  read(name: string, signal: AbortSignal, mayBeOldMs?: number): Promise<StoredDefinition | undefined>;
  /** By name. */
  list(signal: AbortSignal): Promise<readonly StoredDefinition[]>;
  write(change: DefinitionChange, signal: AbortSignal): Promise<DefinitionWrite>;
}

export type WithDefinitions = {
  /** The store's URL, without credentials. */
  readonly location: string;
  /** Definitions of its queues; undefined for a store that has none. */
  readonly definitions: DefinitionStore | undefined;
};
