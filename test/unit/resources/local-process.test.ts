import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { differencesOf, listPackages, wantedIn } from "../../../src/python/packages.ts";
import { passedOn } from "../../../src/resources/local-process/launcher-environment.ts";
import { readRequirements } from "../../../src/resources/local-process/requirements.ts";

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

describe("requirement files", () => {
  async function read(files: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}) {
    const folder = mkdtempSync(join(tmpdir(), "launch-requirements-test-"));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const found = await readRequirements(folder);
      return found === undefined
        ? undefined
        : { file: found.main.path, packages: wantedIn(listPackages(found), environment) };
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

  test("a marker that the environment rules out leaves a package out, and one that holds makes it expected", async () => {
    const text = "numpy==1.24 ; python_version < '3.9'\nnumpy==2.1; python_version >= '3.9'\ntool; extra == 'dev'\n";
    expect(await read({ "requirements.txt": text }, { python_version: "3.12" })).toEqual({
      file: "requirements.txt",
      packages: [needs("numpy", "==2.1"), needs("tool", "", false)],
    });
  });

  test("of a package that uv.lock has twice, the one for this place is asked for", async () => {
    const lock = `version = 1
[[package]]
name = "torch"
version = "2.1.0+cpu"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["sys_platform == 'darwin'", "sys_platform == 'win32'"]

[[package]]
name = "torch"
version = "2.1.0+cu121"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["sys_platform == 'linux'"]
`;
    const found = await read({ "uv.lock": lock }, { sys_platform: "linux" });
    expect(found?.packages).toEqual([needs("torch", "==2.1.0+cu121", false)]);
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
