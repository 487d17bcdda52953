import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { passedOn } from "../../../src/resources/local-process/launcher-environment.ts";
import { differencesOf } from "../../../src/resources/local-process/requirement-check.ts";
import { packagesOf, readRequirements } from "../../../src/resources/local-process/requirements.ts";
import { fits } from "../../../src/resources/local-process/version.ts";

describe("the launcher's environment", () => {
  test.each([
    ...[
      "GITHUB_TOKEN",
      "ACTIONS_RUNTIME_TOKEN",
      "ACTIONS_ID_TOKEN_REQUEST_URL",
      "AWS_SECRET_ACCESS_KEY",
      "INPUT_SECRETS",
    ],
    ...[
      "NVIDIA_API_KEY",
      "CUDA_REGISTRY_TOKEN",
      "NODE_OPTIONS",
      "LD_PRELOAD",
      "PYTHONSTARTUP",
      "WANDB_API_KEY",
      "UV_INDEX_URL",
    ],
    ...["DOCKER_HOST", "LAUNCH_STATE_HOME", "LAUNCH_RUN_ID", "GIT_DIR", "SSH_AUTH_SOCK", "BASH_ENV"],
  ])("%s does not reach a run", (name) => {
    expect(passedOn({ [name]: "x" })).toEqual({});
  });

  test.each(["PATH", "HOME", "LC_ALL", "TZ", "https_proxy", "SSL_CERT_FILE", "CUDA_VISIBLE_DEVICES", "VIRTUAL_ENV"])(
    "%s does",
    (name) => {
      expect(passedOn({ [name]: "x", OTHER: undefined })).toEqual({ [name]: "x" });
    },
  );
});

// Verdicts by PEP 440; undefined where it is not worth a judgement.
test.each([
  ["1.2.0", "==1.2", true],
  ["1.2.1", "==1.2", false],
  ["1.2.1", "==1.2.*", true],
  ["1.20.1", "==1.2.*", false],
  ["2.1.0+cu118", "==2.1.0", true],
  ["1.10", ">=1.9,<2", true],
  ["2.0", ">=1.9,<2", false],
  ["1.4.9", "~=1.4.2", true],
  ["1.5.0", "~=1.4.2", false],
  ["1.5.0", "~=1.4", true],
  ["1.5", "!=1.5.0", false],
  ["2.0rc1", "==2.0rc1", true],
  ["2.0rc1", "==2.0", false],
  ["2.0rc1", ">=2.0", undefined],
  ["1.0", "", true],
  ["1.0", "@ something", undefined],
  ["unknown", "==1", undefined],
])("version %s for %j: %s", (installed, specifier, verdict) => {
  expect(fits(installed, specifier)).toBe(verdict);
});

describe("requirement files", () => {
  async function read(files: Readonly<Record<string, string>>) {
    const folder = mkdtempSync(join(tmpdir(), "launch-requirements-test-"));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const found = await readRequirements(folder);
      return found === undefined ? undefined : { file: found.main.path, packages: packagesOf(found) };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const needs = (name: string, specifier = "", expected = true) => ({ name, specifier, expected });

  test("requirements.txt, with what it includes, but not its constraints", async () => {
    const text = [
      "# comment",
      "numpy==2.1.0  # why",
      "scikit-learn[extra] >= 1.4, < 2 ; python_version > '3.8'",
      "torch==2.1.0 \\",
      "    --hash=sha256:abc",
      "-r more.txt",
      "-c constraints.txt",
      "--index-url https://example.org/simple",
      "tool @ https://example.org/tool.whl",
    ].join("\n");
    const files = {
      "requirements.txt": text,
      "more.txt": "pandas\n-r requirements.txt\n",
      "constraints.txt": "six==1\n",
    };
    expect(await read(files)).toEqual({
      file: "requirements.txt",
      packages: [
        needs("numpy", "==2.1.0"),
        needs("scikit-learn", ">= 1.4, < 2", false),
        needs("torch", "==2.1.0"),
        needs("tool"),
        needs("pandas"),
      ],
    });
  });

  test("uv.lock, in which only what the project itself needs has to be there", async () => {
    const lock = `version = 1

[[package]]
name = "numpy"
version = "2.1.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "colorama"
version = "0.4.6"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "mine"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "numpy" },
    { name = "colorama", marker = "sys_platform == 'win32'" },
]
`;
    expect(await read({ "uv.lock": lock, "requirements.txt": "other" })).toEqual({
      file: "uv.lock",
      packages: [needs("numpy", "==2.1.0"), needs("colorama", "==0.4.6", false)],
    });
  });

  test("pyproject.toml, its own dependencies", async () => {
    const text = `[build-system]
requires = ["setuptools"]

[project]
name = "mine"
dependencies = [
  "numpy>=2",  # with "quotes" in a comment
  'torch[cuda] == 2.1',
]

[project.optional-dependencies]
dev = ["pytest"]
`;
    expect(await read({ "pyproject.toml": text })).toEqual({
      file: "pyproject.toml",
      packages: [needs("numpy", ">=2"), needs("torch", "== 2.1")],
    });
  });

  test("none", async () => {
    expect(await read({ "train.py": "" })).toBeUndefined();
  });

  test("differences are named, and what may be absent is not missed", () => {
    const wanted = [
      needs("a", "==1"),
      needs("b", ">=2"),
      needs("c"),
      needs("d", "==1", false),
      needs("e", "==1", false),
    ];
    const installed = new Map([
      ["a", "1.0"],
      ["b", "1.9"],
      ["e", "2"],
    ]);
    expect(differencesOf(wanted, installed)).toEqual(["b is 1.9, not >=2", "c is not installed", "e is 2, not ==1"]);
  });
});
