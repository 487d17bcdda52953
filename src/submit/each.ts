import { LaunchError } from "../core/errors.ts";
import type { Overlay } from "../spec/resolve/resolution.ts";
import { runConfigOf } from "./settings/overlays.ts";

/** One run of those that `--each` makes: its values of run_config, and what they are called together. */
export type Variant = { readonly overlays: readonly Overlay[]; readonly words: string };

/** More runs than these are more than a store is made for. */
const maxVariants = 1_000;

/**
 * All combinations of the values: `lr=0.1,0.01` and `size=16,32` are four runs. Without any there is one variant that changes nothing. A
 * comma inside brackets, braces or quotes belongs to its value: `layers=[64,64],[128]` are two.
 */
export function variantsOf(texts: readonly string[], origin: string): readonly Variant[] {
  const names = texts.map((text) => text.split("=", 1)[0] ?? "");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new LaunchError("bad-usage", `${origin} "${twice}" is there twice; give all of its values in one`);
  }
  let variants: readonly Variant[] = [{ overlays: [], words: "" }];
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at <= 0) throw new LaunchError("bad-usage", `${origin} "${text}": give NAME=VALUE,VALUE,…`);
    const values = valuesIn(text, at + 1, origin);
    variants = variants.flatMap((variant) =>
      values.map((value) => {
        const pair = `${text.slice(0, at)}=${value}`;
        return {
          overlays: [...variant.overlays, runConfigOf(pair, origin)],
          words: variant.words === "" ? pair : `${variant.words} ${pair}`,
        };
      }),
    );
    if (variants.length > maxVariants) {
      throw new LaunchError("bad-usage", `${origin}: more than ${maxVariants} runs; give fewer values`);
    }
  }
  return variants;
}

/** The values behind the `=`. Throws for one that is none, with its place among them. */
function valuesIn(text: string, from: number, origin: string): readonly string[] {
  const values = split(text.slice(from));
  const refuse = (index: number, why: string): LaunchError =>
    new LaunchError("bad-usage", `${origin} "${text}": value ${index + 1} of ${values.length} ${why}`);
  values.forEach(({ value, isOpen }, index) => {
    if (value === "") throw refuse(index, "is empty; leave out the comma, or give a value");
    if (isOpen) throw refuse(index, `(${value}) has a bracket or a quote without its other half`);
    const same = values.findIndex((other) => other.value === value);
    if (same < index) throw refuse(index, `is the same as value ${same + 1} (${value}); give each once`);
  });
  return values.map(({ value }) => value);
}

type Value = { readonly value: string; readonly isOpen: boolean };

/** At the commas that are in no brackets, braces or quotes. */
function split(text: string): readonly Value[] {
  const values: Value[] = [];
  let depth = 0;
  let quote = "";
  let value = "";
  const add = (): void => {
    values.push({ value: value.trim(), isOpen: depth !== 0 || quote !== "" });
    value = "";
  };
  for (const character of text) {
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"') quote = character;
    else if ("[{".includes(character)) depth++;
    else if ("]}".includes(character)) depth--;
    if (character === "," && depth <= 0 && quote === "") add();
    else value += character;
  }
  add();
  return values;
}
