import { describe, expect, it } from "vitest";
import { fromImages } from "../../../src/builders/from-images.ts";
import { type GenerateRequest, generateDockerfile } from "../../../src/builders/generated-dockerfile.ts";
import { sourceFolder } from "../../../src/builders/source-folder.ts";
import { codeSource } from "../../support/launch/code-source.ts";

const signal = new AbortController().signal;
type Files = Readonly<Record<string, string>>;
async function generate(files: Files, rest: Partial<Omit<GenerateRequest, "folder">> = {}) {
  const folder = await sourceFolder(codeSource(files), "", signal);
  return generateDockerfile({ folder, entryPoint: undefined, userId: 1000, baseImage: undefined, ...rest });
}
const textOf = async (...request: Parameters<typeof generate>) => (await generate(...request)).text;
const basesOf = async (...request: Parameters<typeof generate>) =>
  fromImages(await textOf(...request), {}, "linux/amd64");
/** Instructions, continued lines joined. */
const steps = (text: string) =>
  text
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

const pyproject = '[project]\nname = "x"\ndependencies = ["six"]\n';
const lock = '[[package]]\nname = "six"\n';

describe("a generated Dockerfile", () => {
  it("copies the code in its last layer, for the user, and every step before names no code", async () => {
    const text = await textOf({ "requirements.txt": "six", "train.py": "", "apt.txt": "jq" });
    const all = steps(text);
    expect(all.slice(-2)).toEqual(["COPY --chown=1000:1000 . /app", "USER 1000:1000"]);
    expect(all.slice(0, -2).some((step) => step.startsWith("COPY") || step.includes("train.py"))).toBe(false);
    expect(text).toContain("PYTHONUNBUFFERED=1");
    expect(text).not.toMatch(/^(ENTRYPOINT|CMD|# syntax)/m);
  });

  const frozen = "requirements.frozen.txt";
  it.each<[string, Files, RegExp]>([
    ["uv.lock", { "uv.lock": lock, "pyproject.toml": pyproject, "requirements.txt": "a" }, /uv sync --frozen .*/],
    [
      "requirements.txt",
      { "requirements.txt": "a", "pyproject.toml": pyproject, [frozen]: "b" },
      /-r requirements\.txt$/,
    ],
    ["pyproject.toml", { "pyproject.toml": pyproject, [frozen]: "b", "environment.yml": "c" }, /-r pyproject\.toml$/],
    [frozen, { [frozen]: "b", "environment.yml": "c" }, /-r requirements\.frozen\.txt$/],
    ["environment.yml", { "environment.yml": "c" }, /micromamba install .* --file \/tmp\/environment\.yml$/],
  ])("installs from %s, the first of those that are there", async (winner, files, command) => {
    const { text, notes } = await generate(files);
    const installs = steps(text).filter((step) => /uv sync|-r \S+$|micromamba install/.test(step));
    expect(installs).toHaveLength(1);
    expect(installs[0]).toMatch(command);
    expect(installs[0]).toContain("--mount=type=cache,");
    for (const other of Object.keys(files)) {
      if (other === winner || (winner === "uv.lock" && other === "pyproject.toml")) continue;
      expect(notes).toContain(`${other} is not used: ${winner} wins`);
    }
  });

  it("starts from the slim image of the Python version, and from nothing else", async () => {
    expect(await basesOf({ ".python-version": "3.11", "requirements.txt": "six" })).toEqual(["python:3.11-slim"]);
    expect(await basesOf({ "t.py": "" })).toEqual(["python:3.12-slim"]);
  });

  it.each([
    ["registry.example.com/mirror/python:3.12-alpine", ["registry.example.com/mirror/python:3.12-alpine"]],
    ["nvidia/cuda:13", ["nvidia/cuda:13", "python:3.12-slim"]],
  ])("gets uv by the base image %s where that is Python's, else by the slim one", async (baseImage, bases) => {
    expect(await basesOf({ "requirements.txt": "six" }, { baseImage })).toEqual(bases);
  });

  it("starts from the base image that was asked for; a text that is none is refused", async () => {
    expect(await basesOf({ "t.py": "" }, { baseImage: "nvidia/cuda:13" })).toEqual(["nvidia/cuda:13"]);
    for (const baseImage of ["a\nRUN evil", "a b", "", "A#b"]) {
      await expect(generate({}, { baseImage })).rejects.toMatchObject({ code: "bad-spec" });
    }
  });

  it("installs the packages of apt.txt, each once, and refuses what is no package name", async () => {
    const text = await textOf({ "apt.txt": "# tools\njq\nlibgl1=1.7.0-1+b2 # for opencv\r\n\njq\ng++\n" });
    expect(text).toContain("--no-install-recommends jq libgl1=1.7.0-1+b2 g++ ");
    for (const line of ["jq; reboot", "$(x)", "-o", "a b", "Jq"]) {
      await expect(generate({ "apt.txt": `ok\n${line}\n` })).rejects.toThrow(`apt.txt:2: "${line}"`);
    }
  });

  it("adds git where a dependency comes from a git repository", async () => {
    expect(await textOf({ "requirements.txt": "x @ git+https://h/r\n" })).toContain("--no-install-recommends git ");
    expect(
      await textOf({ "uv.lock": `${lock}source = { git = "https://h/r" }`, "pyproject.toml": pyproject }),
    ).toContain(" git ");
    expect(await textOf({ "requirements.txt": "six\n" })).not.toContain("apt-get");
  });

  it("mounts the files that a requirements file includes, and refuses one outside or missing", async () => {
    const files = {
      "requirements.txt": "--requirement=more/a.txt\n-r https://host/list.txt\nsix # -r no.txt\n",
      "more/a.txt": "-c ../limits.txt\n--constraint \\\n  b.txt\n",
      "more/b.txt": "",
      "limits.txt": "-r requirements.txt\n",
    };
    const text = await textOf(files);
    for (const file of Object.keys(files)) expect(text).toContain(`source=${file},target=/app/${file}`);
    expect(text).not.toContain("no.txt");
    await expect(generate({ "requirements.txt": "-r ../out.txt" })).rejects.toThrow(
      /"\.\.\/out\.txt", which is outside/,
    );
    await expect(generate({ "requirements.txt": "-r gone.txt" })).rejects.toThrow(/no such file/);
    await expect(generate({ "requirements.txt": "-r a,b.txt", "a,b.txt": "" })).rejects.toThrow(/may have letters/);
  });

  it.each([
    ["requirements.txt", "-e .\n"],
    ["requirements.txt", "--editable=./pkg[extra]\n"],
    ["requirements.txt", "./vendor/a.whl\n"],
    ["requirements.txt", ".\n"],
    ["requirements.txt", "pkg @ file:./pkg\n"],
    ["pyproject.toml", '[project]\nname = "x"\ndynamic = [\n  "version",\n  "dependencies",\n]\n'],
    ["pyproject.toml", '[tool.poetry]\nname = "x"\n'],
    ["pyproject.toml", 'tool . "poetry" = { name = "x" }\n'],
    ["requirements.txt", ".[train]\n"],
    ["requirements.txt", "vendor/a-1.0-py3-none-any.whl ; python_version > '3'\n"],
  ])("shows the code to the step that needs it: %s with %j", async (file, content) => {
    expect(await textOf({ [file]: content })).toContain("--mount=type=bind,target=/app,rw");
  });

  it.each(["six\n", "-e git+https://h/r#egg=x\n", "x @ https://h/x.whl\n", "# -e .\n"])(
    "does not for %j",
    async (content) => {
      expect(await textOf({ "requirements.txt": content })).not.toContain("target=/app,rw");
    },
  );

  it("tells where a pyproject.toml or uv.lock is no TOML", async () => {
    const broken = { "pyproject.toml": '[project]\nname = "x"\ndependencies = ["six" "numpy"]\n' };
    await expect(generate(broken)).rejects.toMatchObject({
      code: "build-failed",
      message: expect.stringMatching(/^pyproject\.toml:3:\d+: this is not TOML: /) as string,
    });
    await expect(generate({ "pyproject.toml": pyproject, "uv.lock": "package = [\n" })).rejects.toThrow(/^uv\.lock:2:/);
  });

  it("installs nothing where nothing is listed: a pyproject.toml that only sets up tools lists nothing", async () => {
    expect(await textOf({ "pyproject.toml": "[tool.ruff]\nline-length = 100\n", "t.py": "" })).not.toContain("uv");
  });

  it("runs as the user that was asked for", async () => {
    expect(steps(await textOf({}, { userId: 0 })).at(-1)).toBe("USER 0:0");
    await expect(generate({}, { userId: -1 })).rejects.toMatchObject({ code: "bad-spec" });
    await expect(generate({}, { userId: 1.5 })).rejects.toMatchObject({ code: "bad-spec" });
  });

  it("of a Node project installs with npm from its lock, before the code", async () => {
    const listed = { "package.json": '{"dependencies": {"a": "1"}}' };
    const files = { ...listed, "package-lock.json": "{}", ".nvmrc": "v22.4.0\n", "t.mjs": "" };
    expect(await basesOf(files)).toEqual(["node:22-slim"]);
    const all = steps(await textOf(files));
    const install = all.findIndex((step) => step.includes("npm ci --omit=dev"));
    expect(install).toBeGreaterThan(0);
    expect(install).toBeLessThan(all.indexOf("COPY --chown=1000:1000 . /app"));
    expect(await basesOf({ "package.json": "{}" })).toEqual(["node:24-slim"]);
    expect(await textOf({ "package.json": "{}" })).not.toContain("npm");
    expect(await textOf(listed)).toContain("npm install --omit=dev");
    await expect(generate({ ...listed, "yarn.lock": "" })).rejects.toThrow(/yarn\.lock/);
  });

  it("is for what the entry point's script is written in", async () => {
    const both = { "package.json": "{}", "t.py": "", "t.mjs": "" };
    expect((await basesOf(both, { entryPoint: ["python", "t.py"] }))[0]).toMatch(/^python:/);
    expect((await basesOf(both, { entryPoint: ["node", "t.mjs"] }))[0]).toMatch(/^node:/);
    expect((await basesOf(both))[0]).toMatch(/^python:/);
  });
});
