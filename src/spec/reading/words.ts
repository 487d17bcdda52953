/**
 * Splits a command line into words as a shell would, without one: spaces separate, single quotes keep all, double quotes
 * keep all but `\"` and `\\`, a backslash keeps the next character. Nothing is expanded. Undefined when a quote is open.
 */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: "'" | '"' | undefined;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    const next = text.charAt(i + 1);
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else if (quote === '"' && character === "\\" && (next === '"' || next === "\\"))
        word = `${word ?? ""}${text.charAt(++i)}`;
      else word = `${word ?? ""}${character}`;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (character === "\\") {
      if (next === "") return undefined;
      word = `${word ?? ""}${text.charAt(++i)}`;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = `${word ?? ""}${character}`;
    }
  }
  if (quote !== undefined) return undefined;
  return word === undefined ? words : [...words, word];
}

/** `python3`, not `python`: the first is everywhere that Python is, the second is not. */
const interpreters: ReadonlyMap<string, string> = new Map([
  ["py", "python3"],
  ["sh", "bash"],
  ["mjs", "node"],
  ["js", "node"],
  ["ts", "node"],
]);

/** A command that starts with a bare script gets the interpreter of its extension: `train.py --epochs 3` → `python3 train.py --epochs 3`. */
export function withInterpreter(command: readonly string[]): readonly string[] {
  const extension = /\.([a-z]+)$/.exec(command[0] ?? "")?.[1];
  const interpreter = extension === undefined ? undefined : interpreters.get(extension);
  return interpreter === undefined ? command : [interpreter, ...command];
}
