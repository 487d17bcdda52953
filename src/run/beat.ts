import { z } from "zod";
import { countField, durationMsField, jsonObjectField, lineField, listOf, mapOf, timeField } from "./fields.ts";

/** An agent's beat, as it is read back from wherever it was written. */
export const agentBeatSchema = z
  .object({
    schema_version: z.literal(1),
    agent: lineField,
    incarnation: lineField,
    sequence: countField,
    host: lineField,
    state: z.enum(["working", "draining", "stopping"]),
    queues: listOf(lineField),
    /** -1: no limit. */
    max_jobs: z.int().min(-1),
    runs: listOf(lineField),
    slots: mapOf(z.object({ total: countField, free: countField }).readonly()),
    lease: z.object({ ttl_ms: durationMsField, heartbeat_ms: durationMsField }).readonly(),
    /** The CI job that it is, where it is one: its end can be asked for. */
    job: jsonObjectField.exactOptional(),
    /** Wall clock of the agent, for people only. */
    at: timeField,
  })
  .readonly();

/** An agent's sign of life. It changes at every beat, and observers time the changes by their own clocks. */
export type AgentBeat = z.output<typeof agentBeatSchema>;
