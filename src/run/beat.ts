import { z } from "zod";
import { isJsonObject, type JsonObject } from "../core/json.ts";

/** An agent's sign of life. It changes at every beat, and observers time the changes by their own clocks. */
export type AgentBeat = {
  readonly schema_version: 1;
  readonly agent: string;
  readonly incarnation: string;
  readonly sequence: number;
  readonly host: string;
  readonly state: "working" | "draining" | "stopping";
  readonly queues: readonly string[];
  readonly max_jobs: number;
  readonly runs: readonly string[];
  readonly slots: Readonly<Record<string, { readonly total: number; readonly free: number }>>;
  readonly lease: { readonly ttl_ms: number; readonly heartbeat_ms: number };
  /** The CI job that it is, where it is one: its end can be asked for. */
  readonly job?: JsonObject;
  /** Wall clock of the agent, for people only. */
  readonly at: string;
};

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
