/*
 * A sentence for people, of which is known what of it others wrote. A secret may be an ordinary word (`in`, `succ`, `2026`): it is taken out
 * of what others wrote alone, so what is ours reads as it was meant.
 */

/**
 * Whose words a part is.
 *   ours   what we wrote or made: words, ids, states, times, counts
 *   named  a name that others gave to something, and by which it is found: only a value that is no ordinary word is taken out
 *   free   whatever somebody else wrote
 */
export type Whose = "ours" | "named" | "free";

export type Part = { readonly text: string; readonly whose: Whose };

export type Said = { readonly parts: readonly Part[] };

/** Our words are the template's own, and its numbers; a string in it is another's, unless it is said to be ours, or a name. */
export function say(words: TemplateStringsArray, ...values: readonly (string | number | Said)[]): Said {
  const parts: Part[] = [];
  for (const [index, text] of words.entries()) {
    if (text !== "") parts.push({ text, whose: "ours" });
    const value = values[index];
    if (typeof value === "number") parts.push({ text: String(value), whose: "ours" });
    else if (typeof value === "string") parts.push({ text: value, whose: "free" });
    else if (value !== undefined) parts.push(...value.parts);
  }
  return { parts };
}

/** What is ours by construction: an id that was made, a state, a time, a name from a list of ours. Never what another program said. */
export function ours(text: string): Said {
  return { parts: [{ text, whose: "ours" }] };
}

export function named(text: string): Said {
  return { parts: [{ text, whose: "named" }] };
}

/** A sentence of which nothing is known to be ours. */
export function quoted(text: string): Said {
  return { parts: [{ text, whose: "free" }] };
}

export const nothingSaid: Said = { parts: [] };

/** One after the other, those that say something. */
export function joined(sentences: readonly Said[], between: string): Said {
  const said = sentences.filter((sentence) => textOf(sentence) !== "");
  return { parts: said.flatMap(({ parts }, index) => (index === 0 ? parts : [...ours(between).parts, ...parts])) };
}

export function textOf({ parts }: Said): string {
  return parts.map(({ text }) => text).join("");
}
