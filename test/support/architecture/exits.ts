import type { Exits } from "./rules/exits.ts";

/** Every way by which something leaves this machine, who takes it, and where its secrets are taken out before; see rules/exits.ts. */
export const exits: Exits = {
  store: {
    "launch/store-writer.ts": "launch/journal.ts",
    "queueing/enqueue.ts": "queueing/queued-documents.ts",
    "queueing/cancel-runs.ts": "stored",
    "queueing/migrate.ts": "stored",
    "queueing/move-runs.ts": "stored",
    "agent/holding/hold-writer.ts": "agent/holding/hold.ts",
    "agent/holding/write-end.ts": "agent/holding/hold.ts",
    "agent/holding/takeover.ts": "stored",
    "agent/taking/take.ts": "stored",
    "agent/leases/heartbeat.ts": "own",
    "machine/sweep.ts": "stored",
  },
  github: {
    "action/exit.ts": "action/main.ts",
    "action/github-log.ts": "action/job-place.ts",
    "action/main.ts": "own",
    "action/post.ts": "action/post.ts",
  },
  request: { "github/app-token.ts": "own", "github/dispatch.ts": "own" },
  resource: { "launch/at-resource.ts": "launch/phases.ts" },
};
