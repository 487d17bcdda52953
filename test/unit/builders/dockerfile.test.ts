import { describe, expect, it } from "vitest";
import type { BuildRequest } from "../../../src/builders/builder.ts";
import { resolveDockerfile } from "../../../src/builders/dockerfile.ts";
import { codeSource } from "../../support/launch/code-source.ts";

const signal = new AbortController().signal;
function resolve(
  files: Readonly<Record<string, string>>,
  rest: Partial<BuildRequest> & { subdirectory?: string } = {},
) {
  const { subdirectory, ...request } = rest;
  const source = codeSource(files, subdirectory === undefined ? {} : { subdirectory });
  const none = { entryPoint: undefined, dockerfile: undefined, baseImage: undefined, registry: undefined };
  return resolveDockerfile({ source, name: "x", userId: 1000, scratch: "/nowhere", ...none, ...request }, signal);
}

describe("which Dockerfile builds a source", () => {
  const all = {
    Dockerfile: "FROM a",
    "own/b.Dockerfile": "FROM b",
    "jobs/Dockerfile.wandb": "FROM c",
    "jobs/t.py": "",
  };
  const entryPoint = ["python", "jobs/t.py"];

  it("is overrides.dockerfile before all others; the run's folder is the context", async () => {
    const found = await resolve(all, { entryPoint, dockerfile: "own/b.Dockerfile" });
    const expected = {
      origin: "overrides.dockerfile",
      text: "FROM b",
      file: "own/b.Dockerfile",
      context: "",
      entryPoint,
    };
    expect(found).toMatchObject(expected);
  });

  it("is Dockerfile.wandb beside the script; its folder is the context, and the script is called from there", async () => {
    const found = await resolve(all, { entryPoint: [...entryPoint, "--x"] });
    const inside = ["python", "t.py", "--x"];
    expect(found).toMatchObject({ origin: "jobs/Dockerfile.wandb", context: "jobs", entryPoint: inside });
    const dotted = await resolve(all, { entryPoint: ["python", "./jobs/t.py"] });
    expect(dotted).toMatchObject({ context: "jobs", entryPoint: ["python", "t.py"] });
    const root = await resolve({ "Dockerfile.wandb": "FROM c", Dockerfile: "FROM a" }, { entryPoint: undefined });
    expect(root).toMatchObject({ origin: "Dockerfile.wandb", context: "" });
  });

  it("is Dockerfile when the script has none beside it, else a generated one", async () => {
    const files = { ...all, "t.py": "" };
    expect(await resolve(files, { entryPoint: ["python", "t.py"] })).toMatchObject({ origin: "Dockerfile" });
    expect(await resolve({ "t.py": "" })).toMatchObject({ origin: "generated", file: undefined, context: "" });
  });

  it("is looked for in the run's own folder", async () => {
    const files = {
      Dockerfile: "FROM root",
      "sub/Dockerfile": "FROM sub",
      "sub/own": "FROM own",
      "sub/a/Dockerfile.wandb": "FROM w",
      "sub/a/t.py": "",
    };
    const subdirectory = "sub";
    const found = await resolve(files, { subdirectory });
    expect(found).toMatchObject({ text: "FROM sub", file: "sub/Dockerfile", context: "sub" });
    const own = await resolve(files, { subdirectory, dockerfile: "./own" });
    expect(own).toMatchObject({ text: "FROM own", file: "sub/own" });
    const beside = await resolve(files, { subdirectory, entryPoint: ["python", "a/t.py"] });
    expect(beside).toMatchObject({ text: "FROM w", context: "sub/a", entryPoint: ["python", "t.py"] });
  });

  it.each(["missing.Dockerfile", "../Dockerfile", "/etc/passwd"])(
    "is an error when overrides.dockerfile is %j",
    async (dockerfile) => {
      const message: unknown = expect.stringContaining(`"${dockerfile}"`);
      await expect(resolve({ Dockerfile: "FROM a" }, { dockerfile })).rejects.toMatchObject({
        code: "bad-spec",
        message,
      });
    },
  );
});
