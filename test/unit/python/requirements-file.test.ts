import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRequirement, type Requirement } from "../../../src/python/requirement.ts";
import { includedFiles, logicalLines, readRequirementsFile } from "../../../src/python/requirements-file.ts";

const plain: Requirement = {
  name: undefined,
  specifier: "",
  marker: undefined,
  from: "index",
  target: undefined,
  editable: false,
};

describe("a line of a requirements file", () => {
  test.each<[string, Partial<Requirement>]>([
    ["six", { name: "six" }],
    ["six==1.16.0", { name: "six", specifier: "==1.16.0" }],
    ["Foo.Bar_baz[a, b] >= 1.4, < 2", { name: "Foo.Bar_baz", specifier: ">= 1.4, < 2" }],
    ["numpy (>=1.0,<2)", { name: "numpy", specifier: ">=1.0,<2" }],
    ['six>=1;python_version<"3.9"', { name: "six", specifier: ">=1", marker: 'python_version<"3.9"' }],
    ["torch==2.1 --hash=sha256:ab --hash=sha256:cd", { name: "torch", specifier: "==2.1" }],
    ["a==1 ; os_name == 'nt' --hash=sha256:ab", { name: "a", specifier: "==1", marker: "os_name == 'nt'" }],
    ["tool @ https://h/t.whl", { name: "tool", from: "network", target: "https://h/t.whl" }],
    [
      "t@git+https://h/r@v1 ; os_name == 'nt'",
      { name: "t", from: "repository", target: "git+https://h/r@v1", marker: "os_name == 'nt'" },
    ],
    ["https://h/t.whl?a;b", { from: "network", target: "https://h/t.whl?a;b" }],
    ["git+ssh://git@h/r#egg=x", { from: "repository", target: "git+ssh://git@h/r#egg=x" }],
    ["pkg @ file:./pkg", { name: "pkg", from: "file-url", target: "file:./pkg" }],
    ["file:///opt/a.whl", { from: "file-url", target: "file:///opt/a.whl" }],
    [".", { from: "path", target: "." }],
    [".[train]", { from: "path", target: ".[train]" }],
    ["../pkg", { from: "path", target: "../pkg" }],
    ["/opt/a.whl", { from: "path", target: "/opt/a.whl" }],
    ["vendor/a.tar.gz", { from: "path", target: "vendor/a.tar.gz" }],
    ["a-1.0-py3-none-any.whl", { from: "path", target: "a-1.0-py3-none-any.whl" }],
    ["-e .", { from: "path", target: ".", editable: true }],
    ["--editable=./pkg[extra]", { from: "path", target: "./pkg[extra]", editable: true }],
    ["-e git+https://h/r#egg=x", { from: "repository", target: "git+https://h/r#egg=x", editable: true }],
  ])("%s asks for a package", (text, expected) => {
    expect(readRequirementsFile(text)).toEqual([{ kind: "requirement", text, requirement: { ...plain, ...expected } }]);
  });

  test.each([
    ["-r more.txt", "more.txt", false],
    ["-rmore.txt", "more.txt", false],
    ["--requirement=more/a.txt", "more/a.txt", false],
    ['-c "limits.txt"', "limits.txt", true],
    ["--constraint limits.txt", "limits.txt", true],
    ["-r https://h/list.txt", "https://h/list.txt", false],
  ])("%s names another file", (text, path, isConstraint) => {
    expect(readRequirementsFile(text)).toEqual([{ kind: "file", path, isConstraint }]);
  });

  test.each(["--index-url https://h/simple", "--no-binary :all:", "-i https://h", "six 1.0", "!?"])(
    "%s is other",
    (text) => {
      expect(readRequirementsFile(text)).toEqual([{ kind: "other", text }]);
    },
  );
});

test("comments go, continued lines are joined, and a comment ends what was continued", () => {
  const text =
    "\uFEFF# first\nsix # why\r\n\n  -e git+https://h/r#egg=x\ntorch==2.1 \\\n    --hash=a\nnum\\\npy\na \\\n# b \\\nc\n";
  expect(logicalLines(text)).toEqual(["six", "-e git+https://h/r#egg=x", "torch==2.1     --hash=a", "numpy", "a", "c"]);
});

const name = fc
  .stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,8}[A-Za-z0-9])?$/)
  .filter((each) => !/\.(?:whl|zip|tgz)$/.test(each));
const clause = fc.stringMatching(/^(?:==|!=|<=|>=|<|>|~=) ?\d{1,2}(?:\.\d{1,2}){1,2}$/);
const marker = fc.constantFrom(undefined, 'python_version < "3.9"', "sys_platform == 'linux' and extra == 'a'");
const extras = fc.constantFrom("", "[a]", " [a, b-c]");

test("whatever the name, extras, versions and marker, a requirement is read as it was meant, also by lines", () => {
  fc.assert(
    fc.property(
      name,
      extras,
      fc.array(clause, { maxLength: 3 }),
      marker,
      fc.constantFrom("", " "),
      (of, has, clauses, where, gap) => {
        const specifier = clauses.join(`${gap},${gap}`);
        const text = `${of}${has}${gap}${specifier}${where === undefined ? "" : `${gap};${gap}${where}`}`;
        const expected = { ...plain, name: of, specifier, marker: where };
        expect(parseRequirement(text)).toEqual(expected);
        const lines = readRequirementsFile(`\n ${text}  # ${text}\n${text} \\\n  --hash=sha256:ab\n`);
        expect(lines.map((line) => (line.kind === "requirement" ? line.requirement : line))).toEqual([
          expected,
          expected,
        ]);
      },
    ),
  );
});

test("any text is read without failing, and each line of it is something", () => {
  const words = fc.constantFrom(
    "-r",
    "-e",
    " ",
    "\n",
    "\\\n",
    "#",
    "a",
    "@",
    ";",
    "[",
    "]",
    "==",
    "./",
    "git+",
    "file:",
    "://",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((each) => each.join("")),
      ),
      (text) => {
        expect(readRequirementsFile(text)).toHaveLength(logicalLines(text).length);
      },
    ),
  );
});

test("included files come once each, in the order in which they are named, and an including constraint makes constraints", async () => {
  const files: Readonly<Record<string, string>> = {
    "more/a.txt": "-c ../limits.txt\n-r b.txt\n-r gone.txt\n-r ../main.txt\n",
    "more/b.txt": "-r a.txt\n-r https://h/list.txt\n",
    "limits.txt": "-r all.txt\n",
    "all.txt": "",
  };
  const asked: string[] = [];
  const main = { path: "main.txt", text: "-r more/a.txt\n" };
  const found = await includedFiles(main, (path, { file, written }) => {
    asked.push(`${file}: ${written}`);
    return Promise.resolve(files[path]);
  });
  expect(found.map(({ path, isConstraint }) => [path, isConstraint])).toEqual([
    ["more/a.txt", false],
    ["limits.txt", true],
    ["more/b.txt", false],
    ["all.txt", true],
  ]);
  expect(asked).toContain("more/a.txt: gone.txt");
});
