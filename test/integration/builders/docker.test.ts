import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Builder, BuildRequest } from "../../../src/builders/builder.ts";
import { plugin } from "../../../src/builders/docker/index.ts";
import { dockerBuilderSchema } from "../../../src/builders/docker/schema.ts";
import type { CodeSource } from "../../../src/sources/source.ts";
import { codeSource } from "../../support/code-source.ts";
import { docker, imagesOf, keptLog, removeImages } from "../../support/docker.ts";
import { describeWithDocker } from "../../support/engines.ts";

const name = `build-test-${process.pid}`;
const signal = new AbortController().signal;
let scratch: string;
let log = keptLog();

/** The engine's own builder, whatever BUILDX_BUILDER says outside. */
beforeEach(async () => {
  vi.stubEnv("BUILDX_BUILDER", "default");
  scratch = await mkdtemp(join(tmpdir(), "launch-build-test-"));
  log = keptLog();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  // Contexts, logins and metadata are gone before the caller removes its folder.
  expect(await readdir(scratch)).toEqual([]);
  await rm(scratch, { recursive: true });
});
afterAll(() => removeImages(imagesOf(`launch/${name}`)));

function builder(config: Record<string, unknown> = {}, extra: Record<string, unknown> = {}): Builder {
  const parsed = dockerBuilderSchema.parse({ type: "docker", network: "host", ...config });
  const made = plugin.create(parsed, { log, ...extra });
  if (made === "none") throw new Error("the docker builder builds");
  return made;
}

function request(source: CodeSource, rest: Partial<BuildRequest> = {}): BuildRequest {
  const none = { entryPoint: undefined, dockerfile: undefined, baseImage: undefined, registry: undefined };
  return { source, name, userId: 1000, scratch, ...none, ...rest };
}

const project = {
  ".python-version": "3.11\n",
  "requirements.txt": "six==1.17.0\n",
  "train.py": "import os, six; print('six', six.__version__, 'uid', os.getuid(), os.getcwd())\n",
};

describeWithDocker("building with Docker", () => {
  it("installs what the requirement files list, runs as user 1000, and is run by its digest", async () => {
    const source = codeSource(project);
    const build = builder();
    const plan = await build.plan(request(source), signal);
    const image = await build.build(request(source), plan, signal);
    expect(image.outcome).toBe("built");
    expect(image.reference).toMatch(/@sha256:[0-9a-f]{64}$/);
    expect(plan.bases).toEqual([{ reference: "python:3.11-slim", digest: expect.stringMatching(/^sha256:/) }]);
    expect(docker("run", "--rm", image.reference, "python", "train.py")).toBe("six 1.17.0 uid 1000 /app");
    expect(image.reproducible).toMatchObject({ yes: false });
    expect(
      log.events.some(
        ({ phase, status, detail }) => phase === "image" && status === "progress" && /^step \d+\/\d+ /.test(detail),
      ),
    ).toBe(true);
  }, 180_000);

  it("is not built again, and no context is made, while nothing changed", async () => {
    const source = codeSource(project);
    const build = builder();
    const image = await build.build(request(source), await build.plan(request(source), signal), signal);
    expect(image).toMatchObject({ outcome: "unchanged", summary: "unchanged, not built" });
    expect(source.exports).toBe(0);
  }, 60_000);

  it("installs nothing when only code changed", async () => {
    const source = codeSource({ ...project, "train.py": "print('changed')\n" });
    const build = builder();
    const image = await build.build(request(source), await build.plan(request(source), signal), signal);
    expect(image).toMatchObject({ outcome: "built", summary: "code layer only, dependencies cached" });
    expect(docker("run", "--rm", image.reference, "python", "train.py")).toBe("changed");
  }, 60_000);
});
