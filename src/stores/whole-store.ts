import type { AgentStore } from "./agent-store.ts";
import type { WithDefinitions } from "./definition-store.ts";
import type { QueueStore } from "./queue-store.ts";

/** What a plug-in opens: every store of ours has all of it. A use case names the part that it needs. */
export type WholeStore = QueueStore & AgentStore & WithDefinitions;
