import type { JsonBounds } from "../core/json.ts";

/*
 * How much of a run there is at most, for who writes it and for who reads it: a store's documents are anybody's word. All are far above what a
 * launch writes.
 */

/** As it is read. Of what is in it the most is dropped again: lists hold every run's. */
export const headBounds: JsonBounds = { bytes: 256 * 1024, depth: 64, values: 10_000 };

/** Of a run that waits. An end has its metrics and its message besides. */
export const askedHeadBounds: JsonBounds = { bytes: 8 * 1024, depth: 48, values: 2_000 };

/** As it is held: what was asked for, a lease, and as much of an end as lists show. */
export const heldHeadBytes = 20 * 1024;

/** Of a head's metrics, as JSON, and of its message in characters: the record has all. */
export const headMetricsBytes = 8 * 1024;
export const longestHeadMessage = 1_000;

/** A head of up to so many bytes is held whatever the others are. A launch's own has one kilobyte. */
export const smallHeadBytes = 4 * 1024;

/** All that are larger, of one listing. */
export const largeHeadsBytes = 8 * 1024 * 1024;

export const recordBounds: JsonBounds = { bytes: 4 * 1024 * 1024, depth: 64, values: 100_000 };

/** What is asked for may take half of a record: the rest is for what becomes of it. */
export const askedBounds: JsonBounds = { bytes: 2 * 1024 * 1024, depth: 48, values: 50_000 };

export const beatBounds: JsonBounds = { bytes: 64 * 1024, depth: 64, values: 5_000 };

/** GitHub advises against larger objects. */
export const maxPatchBytes = 1024 * 1024;

/** A launch keeps half of it. */
export const maxTailBytes = 128 * 1024;

/** A definition that a person writes has a few hundred bytes. */
export const maxDefinitionBytes = 256 * 1024;

/** A policy allows a hundred; those that are given back, and those after a requeue by hand, come on top. */
export const maxAttempts = 10_000;

/** One that waits with so many behind it is not taken again. */
export const maxQueuedAttempts = 9_000;

/** Of slots of a name, and of the attempts that a policy allows. */
export const maxCount = 1_000_000_000;

/** Ten years. */
export const longestMs = 10 * 365 * 24 * 3_600_000;

/** As much of a message, and of metrics, as a head has: lists hold thousands of heads at once. */
export function heldMessage(message: string): string {
  return message.slice(0, longestHeadMessage);
}

export function heldMetrics(metrics: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  let room = headMetricsBytes;
  const all = Object.entries(metrics);
  const first = all.findIndex(([name, value]) => {
    room -= Buffer.byteLength(JSON.stringify({ [name]: value }));
    return room < 0;
  });
  return first === -1 ? metrics : Object.fromEntries(all.slice(0, first));
}
