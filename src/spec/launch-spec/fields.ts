import { z } from "zod";
import type { Json } from "../../core/json.ts";

/*
 * The kinds of value that specs and configs are made of. An error text here is what a value must be, as a noun phrase:
 * it is shown as "PATH must be PHRASE, not VALUE".
 */

const printable = /^[^\p{Cc}]+$/u;

/** One line of text, not empty. */
export const textField = z.string().regex(printable, "one line of text");

/** A path inside the source or a run's folder, so that nothing outside of it can be named. */
export const relativePathField = z
  .string()
  .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\p{Cc}]+$/u, 'a path inside the source, without a leading "/" and ".."');

export const absolutePathField = z.string().regex(/^\/[^\p{Cc}]*$/u, "an absolute path");

/** Text, or a number or boolean that YAML made of it. */
export const scalarField = z.union([z.string(), z.number(), z.boolean()], "text, a number or true or false");

const environmentName = z
  .string()
  .regex(
    /^(?!LAUNCH_)[A-Za-z_][A-Za-z0-9_]*$/,
    "the name of a variable: letters, digits and _, not starting with LAUNCH_",
  );
export const environmentNameField = environmentName;

/** The name of a secret in the launch config or in the action's input `secrets`. */
export const secretNameField = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, "a secret's name: letters, digits, _ and -");

/** Any JSON. It is not looked into: what is read from YAML, a flag or an input is JSON by its making. */
export const jsonField = z.custom<Json>();
