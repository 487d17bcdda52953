import { LaunchError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/output/log.ts";
import { say } from "../core/output/said.ts";
import type { RunDocument } from "../run/document.ts";
import type { Store } from "../stores/store.ts";

/** Where a run's journal writes. A write throws when it can't be made. */
export type RunWriter = {
  location(): string;
  /** The store has a run of this id that is not ours: nothing of it is ours to write. */
  isTaken?(): boolean;
  write(document: RunDocument, deadlineMs: number): Promise<void>;
  /** The run has started, where the store is to hear of that. */
  started?(document: RunDocument): void;
  /** The last write: the run has ended. False when it could not be made, and somebody else says why. */
  end(document: RunDocument, deadlineMs: number): Promise<boolean>;
};

export type StoreWriterRequest = {
  readonly store: Store;
  /** Opened when the store refuses the first write, so that a run is never lost for a read-only token. */
  readonly openFallbackStore: (() => Promise<Store>) | undefined;
  /** Told before the fallback is written to. */
  readonly onFallback: (location: string) => Promise<void>;
  readonly log: Log;
};

/** Writes a run that no queue holds. It keeps the version that the next write must name. */
export function storeWriter(request: StoreWriterRequest): RunWriter {
  let { store } = request;
  let version: string | undefined;
  let taken = false;
  const writeOnce = async (document: RunDocument, deadlineMs: number): Promise<void> => {
    const signal = AbortSignal.timeout(deadlineMs);
    const result =
      version === undefined ? await store.create(document, signal) : await store.update(document, version, signal);
    const run = `run "${document.run.run_id}"`;
    switch (result.kind) {
      case "written":
        version = result.version;
        return;
      case "conflict":
        taken = version === undefined;
        if (taken)
          throw new LaunchError(
            "store-conflict",
            `${run} is in ${store.location} already; give another run_id, or leave it out`,
          );
        throw new LaunchError("store-conflict", `${run} was changed by somebody else in ${store.location}`);
      case "unknown":
        throw new LaunchError("store-failed", `writing ${run} to ${store.location}: ${result.message}`);
    }
  };
  const write = async (document: RunDocument, deadlineMs: number): Promise<void> => {
    try {
      await writeOnce(document, deadlineMs);
    } catch (error) {
      if (version !== undefined || taken || request.openFallbackStore === undefined) throw error;
      const refused = store.location;
      store = await request.openFallbackStore();
      await request.onFallback(store.location);
      request.log.warning(
        say`${refused} can't keep the run (${messageOf(error)}); it is kept in ${store.location} instead`,
      );
      await writeOnce(document, deadlineMs);
    }
  };
  return {
    location: () => store.location,
    isTaken: () => taken,
    write,
    end: async (document, deadlineMs) => {
      await write(document, deadlineMs);
      return true;
    },
  };
}
