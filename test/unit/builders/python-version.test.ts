import { describe, expect, it } from "vitest";
import { pythonVersion, requiredVersion } from "../../../src/builders/python-version.ts";
import { sourceFolder } from "../../../src/builders/source-folder.ts";
import { codeSource } from "../../support/launch/code-source.ts";

const signal = new AbortController().signal;
const versionOf = async (files: Readonly<Record<string, string>>) =>
  pythonVersion(await sourceFolder(codeSource(files), "", signal));
const project = (specifier: string) =>
  `[build-system]\nrequires = []\n[project]\nname = "x"\nrequires-python = "${specifier}"\n`;

describe("the Python version", () => {
  it.each([
    ["3.11\n", "3.11"],
    ["# ours\n\n3.13.2\n", "3.13"],
    ["cpython-3.10\r\n", "3.10"],
    ["python-3.9.18", "3.9"],
    ["3.12.1  # as in production", "3.12"],
  ])("is what .python-version says: %j", async (text, version) => {
    const files = { ".python-version": text, "runtime.txt": "python-3.14.1", "pyproject.toml": project(">=3.14") };
    expect(await versionOf(files)).toEqual({ version, from: ".python-version" });
  });

  it("else what runtime.txt says, else what requires-python allows, else 3.12", async () => {
    const files = { "runtime.txt": "python-3.14.1\n", "pyproject.toml": project("==3.10.*") };
    expect(await versionOf(files)).toMatchObject({ version: "3.14", from: "runtime.txt" });
    expect(await versionOf({ "pyproject.toml": project("==3.10.*") })).toMatchObject({ version: "3.10" });
    expect(await versionOf({ "pyproject.toml": "[tool.ruff]\nrequires-python = '3.9'\n" })).toMatchObject({
      version: "3.12",
    });
    expect(await versionOf({})).toEqual({ version: "3.12", from: "the default" });
  });

  it.each([
    // The default while it is allowed.
    [">=3.8", "3.12"],
    [">=3.9,<4", "3.12"],
    ["~=3.10", "3.12"],
    ["!=3.12.1", "3.12"],
    // The nearest that is allowed, newer first.
    [">=3.13", "3.13"],
    ["!=3.12.*", "3.13"],
    [">3.13.2", "3.13"],
    ["<3.12", "3.11"],
    [">=3.8, <3.11", "3.10"],
    ["<=3.11", "3.10"],
    ["~=3.11.4", "3.11"],
    ["==3.11.7", "3.11"],
    ["==3.9.*", "3.9"],
    // Bounds that are pre-releases.
    [">=3.13.0rc1", "3.13"],
    ["<3.13.0a1,>=3.10", "3.12"],
    ["==3.14.0b2", "3.14"],
    [">=3.8.*", "3.12"],
    [">= 3.13 , < 4,", "3.13"],
  ])("for requires-python %j is the best one allowed", (specifier, version) => {
    expect(requiredVersion(specifier)).toBe(version);
  });

  it.each([
    [{ ".python-version": "pypy3.10\n" }, /\.python-version: "pypy3\.10"/],
    [{ ".python-version": "\n" }, /\.python-version: ""/],
    [{ "runtime.txt": "python-3.6.15" }, /runtime\.txt: Python 3\.6 .*security updates/],
    [{ "pyproject.toml": project("<3.8") }, /no Python .* satisfies requires-python "<3\.8"/],
    [{ "pyproject.toml": project("three") }, /a clause that is none: "three"/],
    [{ "pyproject.toml": project(">=3.9,~=3") }, /a clause that is none: "~=3"/],
    [{ "pyproject.toml": '[project]\nname = "x\n' }, /pyproject\.toml:2:\d+: this is not TOML: /],
  ])("is refused with the file and the value: %j", async (files, message) => {
    await expect(versionOf(files)).rejects.toMatchObject({
      code: "build-failed",
      message: expect.stringMatching(message) as string,
    });
  });
});
