import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfig, readSpec } from "../../../../src/spec/reading/read.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "launch-spec-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, content);
  return file;
}

describe("reading a spec", () => {
  it("gives its text under the name that it was asked for by", async () => {
    const path = await write("launch.yaml", "uri: .\n");
    expect(await readSpec(path)).toEqual({ name: path, text: "uri: .\n" });
  });

  it("refuses what is not there, too large, or no text", async () => {
    const large = await write("large.yaml", " ".repeat(1_048_577));
    const binary = await write("binary.yaml", new Uint8Array([0x7f, 0x45, 0xff, 0x00]));
    const utf16 = await write("utf16.yaml", Buffer.from("\ufeffuri: .\n", "utf16le"));
    const pipe = join(folder, "pipe.yaml");
    execFileSync("mkfifo", [pipe]);
    const refused = [
      [join(folder, "none.yaml"), "there is no launch spec at"],
      [large, "more than 1 MiB"],
      [binary, "not UTF-8"],
      [utf16, "it is UTF-16; save it as UTF-8"],
      [folder, "is a folder"],
      [pipe, "a pipe that nothing is written into"],
      ["/dev/zero", "more than 1 MiB"],
    ] as const;
    for (const [path, words] of refused) {
      await expect(readSpec(path)).rejects.toMatchObject({ code: "bad-spec" });
      await expect(readSpec(path)).rejects.toThrow(words);
    }
  });

  it("takes /dev/null for an empty one", async () => {
    expect(await readSpec("/dev/null")).toEqual({ name: "/dev/null", text: "" });
  });

  it("waits for what a command writes into a pipe", async () => {
    const pipe = join(folder, "pipe.yaml");
    execFileSync("mkfifo", [pipe]);
    const writer = spawn("sh", [
      "-c",
      `sleep 0.3; exec 3> "$1"; sleep 0.3; printf 'uri: ' >&3; sleep 0.3; echo . >&3`,
      "sh",
      pipe,
    ]);
    const ended = once(writer, "close");
    expect(await readSpec(pipe)).toEqual({ name: pipe, text: "uri: .\n" });
    await ended;
  });

  it("takes a byte order mark for none of the text", async () => {
    const path = await write("marked.yaml", "\ufeffuri: .\n");
    expect(await readSpec(path)).toEqual({ name: path, text: "uri: .\n" });
  });
});

describe("the look-up of the launch config", () => {
  const lookUp = (more: { given?: string; LAUNCH_CONFIG?: string } = {}) =>
    readConfig({
      given: more.given,
      environment: { LAUNCH_CONFIG: more.LAUNCH_CONFIG },
      cwd: join(folder, "work"),
      home: folder,
    });

  it("finds none, then each place before the ones that are already there", async () => {
    expect(await lookUp()).toBeUndefined();
    await write(".config/wandb/launch-config.yaml", "entity: wandb");
    expect(await lookUp()).toMatchObject({ text: "entity: wandb" });
    await write(".config/launch/launch-config.yaml", "entity: launch");
    expect(await lookUp()).toMatchObject({ text: "entity: launch" });
    await write("work/launch-config.yaml", "entity: here");
    expect(await lookUp()).toEqual({ name: "launch-config.yaml", text: "entity: here", found: { kind: "untrusted" } });
    const LAUNCH_CONFIG = await write("variable.yaml", "entity: variable");
    expect(await lookUp({ LAUNCH_CONFIG })).toMatchObject({ text: "entity: variable" });
    const given = await write("given.yaml", "entity: given");
    expect(await lookUp({ LAUNCH_CONFIG, given })).toEqual({ name: given, text: "entity: given" });
  });

  it("fails for one that is named and not there", async () => {
    await expect(lookUp({ LAUNCH_CONFIG: join(folder, "none") })).rejects.toMatchObject({ code: "bad-config" });
  });
});
