import { z } from "zod";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { AgentBeat } from "./queue-store.ts";

/** An agent's beat, as it is read back from wherever it was written. */
export const agentBeatSchema = z.object({
  schema_version: z.literal(1),
  agent: z.string(),
  incarnation: z.string(),
  sequence: z.int(),
  host: z.string(),
  state: z.enum(["working", "draining", "stopping"]),
  queues: z.array(z.string()),
  max_jobs: z.int(),
  runs: z.array(z.string()),
  slots: z.record(z.string(), z.object({ total: z.number(), free: z.number() })),
  lease: z.object({ ttl_ms: z.number(), heartbeat_ms: z.number() }),
  job: z.custom<JsonObject>(isJsonObject).exactOptional(),
  at: z.string(),
}) satisfies z.ZodType<AgentBeat>;
