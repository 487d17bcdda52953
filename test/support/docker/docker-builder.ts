import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { BuilderContext, BuildRequest, BuiltImage } from "../../../src/builders/builder.ts";
import { plugin } from "../../../src/builders/docker/index.ts";
import { dockerBuilderSchema } from "../../../src/builders/docker/schema.ts";
import type { CodeSource } from "../../../src/sources/source.ts";
import { imagesOf, keptLog, removeImages } from "./docker.ts";

type Extra = Omit<Partial<BuilderContext>, "log">;

/**
 * Builds sources as a launch does, with the engine's own builder unless `useBuilder` says another. After each test it checks that
 * the run's scratch folder is empty: contexts, logins and metadata are the builder's to remove.
 */
export function buildBench(suite: string) {
  const name = `${suite}-${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), "launch-build-bench-"));
  const others = new Set<string>();
  let buildx = "default";
  let scratch = "";
  let log = keptLog();
  beforeEach(() => {
    vi.stubEnv("BUILDX_BUILDER", buildx);
    scratch = mkdtempSync(join(tmpdir(), "launch-build-test-"));
    log = keptLog();
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    const left = readdirSync(scratch);
    rmSync(scratch, { recursive: true });
    expect(left).toEqual([]);
  });
  const run = async (
    source: CodeSource,
    request: Partial<BuildRequest> = {},
    config: Record<string, unknown> = {},
    extra: Extra = {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<BuiltImage> => {
    const builder = plugin.create(dockerBuilderSchema.parse({ type: "docker", network: "host", ...config }), {
      log,
      cloudEnvironment: { cloud: undefined },
      ...extra,
    });
    if (builder === "none") throw new Error("the docker builder builds");
    const none = { entryPoint: undefined, dockerfile: undefined, baseImage: undefined, registry: undefined };
    const full: BuildRequest = { source, name, userId: 1000, scratch, ...none, ...request };
    return builder.build(full, await builder.plan(full, signal), signal);
  };
  return {
    name,
    run,
    log: () => log,
    useBuilder: (builder: string) => void (buildx = builder),
    /** A tag that is removed with the rest. */
    tag: (word: string): string => {
      const tag = `launch/${name}-${word}:test`;
      others.add(tag);
      return tag;
    },
    folder: (below = "context"): string => {
      mkdirSync(join(folder, below), { recursive: true });
      return join(folder, below);
    },
    file: (file: string, text: string): string => {
      writeFileSync(join(folder, file), text);
      return join(folder, file);
    },
    /** Command lines on this machine that end so. */
    processes: (command: string): readonly string[] =>
      execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })
        .split("\n")
        .filter((line) => line.endsWith(command)),
    removeImages: (): void => {
      removeImages([...imagesOf(`launch/${name}`), ...others]);
      rmSync(folder, { recursive: true });
    },
  };
}
