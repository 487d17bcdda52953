import type { ExplainRow, MergedQueue } from "../spec/resolve/resolution.ts";
import type { QueueStore } from "../stores/queue-store.ts";
import type { RunDocument } from "../run/document.ts";
import type { RunHead } from "../run/head.ts";
import type { LaunchRequest, Services } from "../launch/services.ts";

export type EnqueuedLaunch = {
  readonly request: LaunchRequest;
  readonly queue: MergedQueue;
  /** Tells the runs of one call apart where their ids are made from a key: its place among them, and what it varies. */
  readonly leg: string;
  /** Where the spec's values were written, for what is refused. */
  readonly origins?: readonly ExplainRow[];
};

export type EnqueueRequest = {
  readonly launches: readonly EnqueuedLaunch[];
  /** The waiting runs of this key are cancelled: these take their place. */
  readonly replace: string | undefined;
  /** The same key makes the same run ids, so that a step that is run again enqueues nothing twice. */
  readonly idempotencyKey: string | undefined;
};

/** With what is to be written: a document for each launch, in their order. */
export type DraftedRequest = EnqueueRequest & { readonly documents: readonly RunDocument[] };

export type EnqueueServices = Omit<Services, "store" | "environments" | "resources"> & {
  readonly store: QueueStore;
  /** The store is a folder of this machine, and so are its agents. */
  readonly storeIsHere: boolean;
  readonly storeIsPublic: boolean;
  /** Asks whether anybody can read it, where it may be so. */
  readonly isReadByAll?: (signal: AbortSignal) => Promise<boolean | undefined>;
};

export type EnqueuedRun = {
  readonly runId: string;
  readonly name: string;
  readonly queue: string;
  /** What it varies. */
  readonly leg: string;
  /** For people: `3f9c2e1a7b40 + patch`. */
  readonly source: string;
  /** Where its code is from, as far as that is a commit of a repository. */
  readonly repository?: string;
  readonly commit?: string;
  /** `already`: an earlier call with the same key has enqueued it. */
  readonly kind: "enqueued" | "already";
  /** What has become of it since that earlier call. */
  readonly present: RunHead | undefined;
};

export type Enqueued = {
  readonly runs: readonly EnqueuedRun[];
  /** What all of them are known by; undefined for a single one. */
  readonly group: string | undefined;
  /** Ids of the runs that these replace. */
  readonly replaced: readonly string[];
};
