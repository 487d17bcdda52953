import type { JsonObject } from "../core/json.ts";

/** What a CI knows of its jobs, for who holds a lease as one of them. */
export type JobLiveness = {
  /**
   * True when it is known that the job has ended and that nothing of it runs any more. Never waits: what isn't known is asked for meanwhile,
   * now and then, and may be known the next time.
   */
  hasEnded(job: JsonObject): boolean;
  /** Asks no more. */
  close(): void;
};
