import { z } from "zod";
import { type JsonBounds, readJsonObject } from "../core/json.ts";
import { beatBounds } from "./bounds.ts";
import { countField, durationMsField, jsonObjectField, lineField, listOf, mapOf, timeField } from "./fields.ts";
import { isNewer, newerWords, whyUnreadable } from "./unreadable.ts";

/** A beat with a longer one would speak for a dead agent as long. */
export const longestTtlMs = 7 * 24 * 3_600_000;
const leaseTimeField = durationMsField.max(longestTtlMs);

/** An agent's beat, as it is read back from wherever it was written. */
export const agentBeatSchema = z
  .object({
    schema_version: z.literal(1),
    agent: lineField,
    /** Part of a ref's name when the agent is asked to stop. */
    incarnation: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, "is no incarnation that an agent makes"),
    sequence: countField,
    host: lineField,
    state: z.enum(["working", "draining", "stopping"]),
    queues: listOf(lineField),
    /** -1: no limit. */
    max_jobs: z.int().min(-1),
    runs: listOf(lineField),
    slots: mapOf(
      z
        .object({
          total: countField,
          free: countField,
          /** What runs of other stores hold: this one's queues don't show them. */
          elsewhere: countField.exactOptional(),
        })
        .readonly(),
    ),
    lease: z.object({ ttl_ms: leaseTimeField, heartbeat_ms: leaseTimeField }).readonly(),
    /** The CI job that it is, where it is one: its end can be asked for. */
    job: jsonObjectField.exactOptional(),
    /** Wall clock of the agent, for people only. */
    at: timeField,
  })
  .readonly();

/** An agent's sign of life. It changes at every beat, and observers time the changes by their own clocks. */
export type AgentBeat = z.output<typeof agentBeatSchema>;

export type ReadBeat =
  { readonly kind: "beat"; readonly beat: AgentBeat } | { readonly kind: "unreadable"; readonly why: string };

/** Reads the beat of this agent. What can't be read says why, and nobody decides anything by it. */
export function readBeatText(agent: string, content: string | Uint8Array, bounds: JsonBounds = beatBounds): ReadBeat {
  const parsed = readJsonObject(content, bounds);
  if (parsed.kind === "other") return { kind: "unreadable", why: `its beat ${parsed.why}` };
  return readBeat(agent, parsed.value);
}

/** The same of a value whose bounds are known. */
export function readBeat(agent: string, value: unknown): ReadBeat {
  if (isNewer(value)) return { kind: "unreadable", why: newerWords(value) };
  const parsed = agentBeatSchema.safeParse(value);
  if (!parsed.success) return { kind: "unreadable", why: whyUnreadable(parsed.error, "beat") };
  if (parsed.data.agent === agent) return { kind: "beat", beat: parsed.data };
  return { kind: "unreadable", why: 'its beat is another agent\'s at "agent"' };
}
