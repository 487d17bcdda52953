import { plainText } from "../../../src/core/output/terminal-text.ts";
import { expect, test } from "vitest";
import { codeBlock, inlineCode, inlineText, table } from "../../../src/reporting/markdown.ts";

// Expected texts are read off the GitHub-flavoured Markdown specification (https://github.github.com/gfm/).

test.each([
  ["a heading or list can't start in the middle of a line", "ok # no", "ok \\# no"],
  ["emphasis", "*a* _b_ ~c~", "\\*a\\* \\_b\\_ \\~c\\~"],
  ["links and images", "![x](https://evil.example)", "!\\[x\\](https://evil.example)"],
  ["HTML", "<img src=x onerror=1>&lt;", "&lt;img src=x onerror=1&gt;&amp;lt;"],
  ["mentions", "thanks @octocat and @org/team", "thanks @<!-- -->octocat and @<!-- -->org/team"],
  ["issue references", "see #12", "see \\#12"],
  ["the cells of a table", "a|b", "a&#124;b"],
  ["mathematics", "$x$", "&#36;x&#36;"],
  ["escapes that are there already", "a\\*b", "a\\\\\\*b"],
  ["line ends", "a\n\n# b\r\nc", "a \\# b c"],
  ["control characters", "a\u001b[31mb\u0000c", "abc"],
])("inline text is safe from %s", (_, given, expected) => {
  expect(inlineText(given)).toBe(expected);
});

test.each([
  ["no backtick", "a b", "`a b`"],
  ["backticks inside", "a `b` c", "``a `b` c``"],
  ["a backtick at its end", "a`", "`` a` ``"],
  ["a run of two", "a``b", "```a``b```"],
  ["a pipe, which a table would cut at", "a|b*", "<code>a&#124;b\\*</code>"],
  ["a line end", "a\nb", "`a b`"],
  ["nothing", "", ""],
])("a code span holds text with %s", (_, given, expected) => {
  expect(inlineCode(given)).toBe(expected);
});

test("a code block's fence is longer than any inside, so that a log can't leave it", () => {
  const hostile = "x\n````\n<script>alert(1)</script>\n@octocat\n```";
  expect(codeBlock(hostile, "sh")).toBe(`\`\`\`\`\`sh\n${hostile}\n\`\`\`\`\``);
});

test("a code block shows no colours", () => {
  expect(codeBlock("\u001b[31mred\u001b[0m\tand\u001b]0;title\u0007 plain\n")).toBe("```\nred\tand plain\n```");
});

test("text without controls keeps its lines and tabs", () => {
  expect(plainText("a\r\nb\rc\td\u0008\u009b")).toBe("a\nb\nc\td");
});

test("a table has a line for each row", () => {
  expect(table(["a", "b"], [["1", "2"]])).toBe("| a | b |\n| --- | --- |\n| 1 | 2 |");
});
