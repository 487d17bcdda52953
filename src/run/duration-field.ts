import { z } from "zod";
import { parseDuration } from "../core/duration.ts";

/** A written duration or a number of seconds; read as milliseconds. */
export const durationField = z
  .union([z.string(), z.number()])
  .refine((value) => (parseDuration(String(value)) ?? 0) > 0, "a duration such as 90s, 15 min or 2h30m")
  .transform((value) => parseDuration(String(value)) ?? 0);
