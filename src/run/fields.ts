import { z } from "zod";
import type { Json } from "../core/json.ts";
import { longestMs, maxAttempts, maxCount } from "./bounds.ts";

/*
 * The kinds of value that a run's documents are made of. They come from a store, which others may write to: so each has a bound, far above
 * what a launch writes.
 */

/** A name, or what else stands in a line. */
export const lineField = z.string().max(4_096);

/** A message, an argument, a path, the value of a variable. */
export const textField = z.string().max(1024 * 1024);

const latest = Date.parse("9999-12-31T23:59:59.999Z");

/** ISO 8601, UTC; a time that can be written down again, whatever its offset. */
export const timeField = z.iso
  .datetime({ offset: true })
  .max(64)
  .refine((text) => Date.parse(text) >= 0 && Date.parse(text) <= latest, "a time from 1970 to 9999");

export const countField = z.int().min(0);

/** What a run holds of an agent's machine, or how often it may be tried. */
export const smallCountField = z.int().min(0).max(maxCount);

/** Of attempts: 0 for a run that was never taken. */
export const attemptField = z.int().min(0).max(maxAttempts);

export const durationMsField = z.number().min(0).max(longestMs);

const longestList = 100_000;

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item).max(longestList).readonly();
}

export function mapOf<Value extends z.ZodType>(value: Value) {
  return z.record(textField, value).readonly();
}

/** A JSON object that is read by whoever knows more of it. */
export const jsonObjectField = mapOf(z.custom<Json>());
