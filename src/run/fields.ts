import { z } from "zod";
import type { Json } from "../core/json.ts";

/*
 * The kinds of value that a run's documents are made of. They come from a store, which others may write to: so each has a bound, far above
 * what a launch writes.
 */

/** A name, or what else stands in a line. */
export const lineField = z.string().max(4_096);

/** A message, an argument, a path, the value of a variable. */
export const textField = z.string().max(1024 * 1024);

/** ISO 8601, UTC. */
export const timeField = z.iso.datetime({ offset: true }).max(64);

export const countField = z.int().min(0);

export const durationMsField = z.number().min(0);

const longestList = 1_000_000;

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item).max(longestList).readonly();
}

export function mapOf<Value extends z.ZodType>(value: Value) {
  return z.record(textField, value).readonly();
}

/** A JSON object that is read by whoever knows more of it. */
export const jsonObjectField = mapOf(z.custom<Json>());
