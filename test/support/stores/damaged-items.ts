import type { JsonObject } from "../../../src/core/json.ts";
import { formatKey } from "../../../src/queues/key.ts";
import type { QueuePlace } from "../../../src/stores/queue-store.ts";
import { queuedDocument } from "./run-document.ts";

/* Runs as nobody's launch writes them, one for each way in which others have been seen to stop a queue, or might. */

/** What stands where the record should be, of which git alone has another kind than a file. */
export type Instead = "nothing" | "a folder" | "a link" | "a submodule" | "a file that is gone";

export type PlantedRun = {
  readonly name: string;
  readonly runId: string;
  readonly place: QueuePlace;
  readonly time: number;
  readonly head: Buffer;
  readonly record: Buffer | Instead;
};

/** The parts of a run, changed. */
export type Damage = {
  readonly head?: (head: JsonObject) => unknown;
  readonly record?: (record: JsonObject) => unknown;
  readonly instead?: Instead;
};

/** Texts that no JSON.stringify makes. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const inQueued =
  (change: JsonObject) =>
  (head: JsonObject): unknown => ({ ...head, queued: { ...(head["queued"] as JsonObject), ...change } });
const withMembers =
  (text: string) =>
  (value: JsonObject): Raw =>
    new Raw(`${JSON.stringify(value).slice(0, -1)},${text}}`);
const raw = (text: string) => (): Raw => new Raw(text);
const deep = `"deep":${"[".repeat(50_000)}${"]".repeat(50_000)}`;
const objects = (count: number): string => `"x":[${"{},".repeat(count)}{}]`;

/** Everybody leaves these alone. */
export const damages: Readonly<Record<string, Damage>> = {
  "no record": { instead: "nothing" },
  "a folder for a record": { instead: "a folder" },
  "a link for a record": { instead: "a link" },
  "a submodule for a record": { instead: "a submodule" },
  "a record that is gone": { instead: "a file that is gone" },
  "a record that is no JSON": { record: raw("not json") },
  "an empty record": { record: raw("") },
  "a record that is cut off": { record: raw('{"schema_version":1,"run_id":"x","attempt') },
  "a record of bytes": { record: raw("\uFFFF\0\u0001") },
  "a record that is a list": { record: raw("[]") },
  "a record nested deep": { record: withMembers(deep) },
  "a large record": { record: withMembers(objects(10_000_000)) },
  "a record of many values": { record: withMembers(objects(300_000)) },
  "another run's record": { record: (value) => ({ ...value, run_id: "somebody-else" }) },
  "a newer record": { record: (value) => ({ ...value, schema_version: 99 }) },
  "a head that is no JSON": { head: raw("not json") },
  "a head that is a list": { head: raw("[]") },
  "a head nested deep": { head: withMembers(deep) },
  "a large head": { head: withMembers(`"x":"${"x".repeat(600_000)}"`) },
  "a newer head": { head: (value) => ({ ...value, schema_version: 99 }) },
  "created at garbage": { head: (value) => ({ ...value, created_at: "garbage" }) },
  "updated in the year 0": { head: (value) => ({ ...value, updated_at: "0000-01-01T00:00:00Z" }) },
  "ended at garbage": { head: (value) => ({ ...value, finished_at: "garbage" }) },
  "ended after the year 9999": { head: (value) => ({ ...value, finished_at: "9999-12-31T23:59:59-12:00" }) },
  "enqueued at a number": { head: inQueued({ enqueued_at: 1e300 }) },
  "not before the 31st of February": { head: inQueued({ not_before: "2026-02-31T00:00:00Z" }) },
  "a negative attempt": { head: (value) => ({ ...value, attempt: -7 }) },
  "a billion attempts": { head: (value) => ({ ...value, attempt: 1e9 }) },
  "9,500 attempts": { head: (value) => ({ ...value, attempt: 9_500, state: "queued" }) },
  "half an attempt": { head: (value) => ({ ...value, attempt: 0.5 }) },
  "slots of objects": { head: inQueued({ slots: { x: {} } }) },
  "slots below none": { head: inQueued({ slots: { x: -1 } }) },
  "a list of slots": { head: inQueued({ slots: [] }) },
  "a priority of 9": { head: inQueued({ priority: 9 }) },
  "a priority in words": { head: inQueued({ priority: "0" }) },
  "a timeout without an end": { head: inQueued({ timeout_ms: 1e300 }) },
  "a negative timeout": { head: inQueued({ timeout_ms: -1 }) },
  "another queue": { head: inQueued({ queue: "other" }) },
  "metrics of words": { head: (value) => ({ ...value, metrics: { loss: "low" } }) },
  "a state that is none": { head: (value) => ({ ...value, state: "paused" }) },
  "a name of objects": { head: (value) => ({ ...value, name: { toString: null } }) },
};

/** A run's documents as they would be written, with this changed of them. */
export function plantedRun(
  name: string,
  { head = (value) => value, record = (value) => value, instead }: Damage,
  { runId, place, time, queue }: Pick<PlantedRun, "runId" | "place" | "time"> & { readonly queue: string },
): PlantedRun {
  const states = { waiting: "queued", leased: "leased", ended: "succeeded" } as const;
  const lease = { agent: "box", incarnation: "box-1", attempt: 1, since: "2026-11-23T12:00:00.000Z" };
  const document = queuedDocument(
    runId,
    { queue },
    { state: states[place], ...(place === "waiting" ? {} : { attempt: 1 }), ...(place === "leased" ? { lease } : {}) },
  );
  const bytes = (value: unknown): Buffer =>
    Buffer.from(value instanceof Raw ? value.text : JSON.stringify(value), "utf8");
  return {
    ...{ name, runId, place, time },
    head: bytes(head({ ...document.run })),
    record: instead ?? bytes(record({ ...document.record, state: document.run.state })),
  };
}

export function keyOf({ time, runId }: Pick<PlantedRun, "time" | "runId">): string {
  return formatKey({ priority: 2, time, runId });
}
