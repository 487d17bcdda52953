import { LaunchError } from "../core/errors.ts";
import type { Overlay } from "../spec/resolution.ts";
import { runConfigOf } from "./settings.ts";

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
    const values = valuesIn(text.slice(at + 1));
    if (values.includes("")) throw new LaunchError("bad-usage", `${origin} "${text}": one of its values is empty`);
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

function valuesIn(text: string): readonly string[] {
  const values: string[] = [];
  let depth = 0;
  let quote = "";
  let value = "";
  for (const character of text) {
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"') quote = character;
    else if ("[{".includes(character)) depth++;
    else if ("]}".includes(character)) depth--;
    if (character === "," && depth === 0 && quote === "") {
      values.push(value.trim());
      value = "";
    } else value += character;
  }
  return [...values, value.trim()];
}
