import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPyproject } from "../../../src/python/pyproject.ts";
import { readUvLock } from "../../../src/python/uv-lock.ts";

const six = { isProject: true, mustBeBuilt: false, dependencies: ["six"], requiresPython: ">=3.9" };

describe("a pyproject.toml", () => {
  test.each([
    ["a comment after a header", '[project] # meta\ndependencies = ["six"]\nrequires-python = ">=3.9"\n'],
    ["indented keys", '  [ project ]\n\tdependencies = ["six"]\n    requires-python = ">=3.9"\n'],
    ["dotted keys", 'project.dependencies = ["six"]\nproject . requires-python = ">=3.9"\n'],
    ["quoted keys", '["project"]\n"dependencies" = ["six"]\n\'requires-python\' = ">=3.9"\n'],
    ["an inline table", 'project = { dependencies = ["six"], requires-python = ">=3.9" }\n'],
    ["Windows' line ends", '[project]\r\ndependencies = [\r\n  "six", # why\r\n]\r\nrequires-python = ">=3.9"\r\n'],
  ])("is read with %s", (_, text) => {
    expect(readPyproject(text)).toEqual(six);
  });

  test("an escaped quote in a list loses nothing of it", () => {
    const text = '[project]\ndependencies = ["six ; python_version < \\"3.9\\"", "numpy]", \'torch\']\n';
    expect(readPyproject(text).dependencies).toEqual(['six ; python_version < "3.9"', "numpy]", "torch"]);
  });

  test("whatever its strings hold, they are read as they were meant", () => {
    const basic = (value: string) => JSON.stringify(value).replaceAll("\u007f", "\\u007F");
    const unit = fc.constantFrom(...Array.from("ab=,.#[]{}'\"\\\n\r\t\0\u007F\u2028é🙂"));
    const strings = fc.array(fc.string({ unit, maxLength: 12 }), { maxLength: 5 });
    const space = fc.constantFrom("", " ", "\n", " # ] \" '\n", "\t");
    fc.assert(
      fc.property(strings, space, fc.constantFrom("[project]\n", "  [project] # ours\n"), (items, gap, header) => {
        const list = items.map((item) => `${gap}${basic(item)}${gap},`).join("");
        expect(readPyproject(`${header}  dependencies = [${list}${gap}]\n`).dependencies).toEqual(items);
      }),
    );
  });

  test("tells tools from a project, and one that only its build backend knows", () => {
    expect(readPyproject('[tool.ruff]\nproject = "no"\n').isProject).toBe(false);
    expect(readPyproject("").isProject).toBe(false);
    expect(readPyproject("[tool.poetry]\n")).toMatchObject({ isProject: true, mustBeBuilt: true });
    expect(readPyproject('[project]\ndynamic = ["version"]\n').mustBeBuilt).toBe(false);
    expect(readPyproject('[project]\ndynamic = ["version", "dependencies"]\n').mustBeBuilt).toBe(true);
    expect(readPyproject('[project.scripts]\na = "b"\n')).toMatchObject({ isProject: true, dependencies: [] });
  });

  test("values of another type than they should have are none", () => {
    const text = 'project = { dependencies = [1, "six", { a = 1 }], requires-python = 3.9, dynamic = "dependencies" }';
    expect(readPyproject(text)).toEqual({ ...six, requiresPython: undefined });
    for (const value of ["1", "[]", "1979-05-27", '"x"'])
      expect(readPyproject(`project = ${value}`).isProject).toBe(false);
  });

  test("that is no TOML is told with its place", () => {
    expect(() => readPyproject("[project]\nname = x\n")).toThrow(
      expect.objectContaining({
        code: "build-failed",
        message: expect.stringMatching(/^pyproject\.toml:2:8: this is not TOML: \w/) as string,
        detail: expect.arrayContaining([expect.stringContaining("name = x")]) as string[],
      }),
    );
  });

  test("any text is read or told with a place, nothing else", () => {
    const words = fc.constantFrom(
      "[project]",
      "[",
      "]",
      "=",
      '"',
      "'",
      "dependencies",
      "\n",
      "#",
      "1",
      ".",
      "{",
      "}",
      ",",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((each) => each.join(" ")),
        ),
        (text) => {
          try {
            readPyproject(text);
          } catch (error) {
            expect(error).toMatchObject({
              code: "build-failed",
              message: expect.stringMatching(/^pyproject\.toml:\d+:\d+: this is not TOML: /) as string,
            });
          }
        },
      ),
    );
  });
});

test("a uv.lock says where each package comes from, and for which places", () => {
  const text = `version = 1
[[package]]
name = "mine"
source = { editable = "." }
dependencies = [{ name = "six" }, { name = "colorama", marker = "sys_platform == 'win32'" }]

[[package]]
name = "six"
version = "1.16.0"
source = { git = "https://example.org/six?rev=1" }

[[package]] # split
name = "numpy"
version = "2.1.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["python_full_version >= '3.10'"]
`;
  expect(readUvLock(text)).toEqual([
    {
      name: "mine",
      version: undefined,
      from: "own",
      places: [],
      dependencies: [
        { name: "six", marker: undefined },
        { name: "colorama", marker: "sys_platform == 'win32'" },
      ],
    },
    { name: "six", version: "1.16.0", from: "repository", places: [], dependencies: [] },
    {
      name: "numpy",
      version: "2.1.0",
      from: "elsewhere",
      places: ["python_full_version >= '3.10'"],
      dependencies: [],
    },
  ]);
  expect(() => readUvLock("package = [\n")).toThrow(/^uv\.lock:2:/);
});
