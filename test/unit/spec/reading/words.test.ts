import { describe, expect, it } from "vitest";
import { splitWords, withInterpreter } from "../../../../src/spec/reading/words.ts";

describe("splitting a command into words", () => {
  it.each([
    ["python train.py --lr 0.1", ["python", "train.py", "--lr", "0.1"]],
    ["  a \t b\n", ["a", "b"]],
    [`say 'it is' "two words"`, ["say", "it is", "two words"]],
    [`a'b c'd`, ["ab cd"]],
    [`"a \\"b\\" \\\\ \\n"`, [`a "b" \\ \\n`]],
    [`'a\\b'`, ["a\\b"]],
    ["a\\ b", ["a b"]],
    [`"" ''`, ["", ""]],
    ["$HOME *.py `id` $(id) ; rm", ["$HOME", "*.py", "`id`", "$(id)", ";", "rm"]],
    ["", []],
  ])("splits %j", (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each([`a "b`, "a 'b", "a\\"])("has no words for %j, where something is left open", (text) => {
    expect(splitWords(text)).toBeUndefined();
  });
});

describe("a bare script", () => {
  it.each([
    [
      ["train.py", "-x"],
      ["python3", "train.py", "-x"],
    ],
    [["scripts/run.sh"], ["bash", "scripts/run.sh"]],
    [["train.mjs"], ["node", "train.mjs"]],
    [["train.ts"], ["node", "train.ts"]],
    [
      ["python", "train.py"],
      ["python", "train.py"],
    ],
    [["./train"], ["./train"]],
    [["./x.constructor"], ["./x.constructor"]],
  ])("%j gets its interpreter", (command, expected) => {
    expect(withInterpreter(command)).toEqual(expected);
  });
});
