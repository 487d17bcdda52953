import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { dockerConfigFolder } from "../../clients/docker/buildx.ts";
import { parseJson } from "../../core/json.ts";

/**
 * What a builder told us less than five minutes ago: its driver, and the digests of base images. Asking costs as much as a
 * whole build whose layers are cached. A remembered digest is as good as one of a launch five minutes earlier: the build is pinned to it
 * and the record names it. A fresh CI machine remembers nothing, and `pull: true` never looks here.
 */
const keptMs = 5 * 60_000;

export type Memory = {
  get<T>(key: string, schema: z.ZodType<T>): Promise<T | undefined>;
  set(key: string, value: z.core.util.JSONType): Promise<void>;
  /** After a build that failed: what was remembered may be why. */
  forget(key: string): Promise<void>;
};

const entrySchema = z.object({ at: z.number(), value: z.json() });

/** A memory in a folder; one that forgets at once without a folder. Nothing in it is secret. */
export async function memory(folder: string | undefined): Promise<Memory> {
  if (folder === undefined) {
    return { get: () => Promise.resolve(undefined), set: () => Promise.resolve(), forget: () => Promise.resolve() };
  }
  const place = await builderIdentity();
  const fileOf = (key: string): string =>
    join(folder, `builder-${createHash("sha256").update(`${place}\0${key}`).digest("hex").slice(0, 24)}.json`);
  return {
    get: async (key, schema) => {
      const text = await readFile(fileOf(key), "utf8").catch(() => "null");
      const entry = entrySchema.safeParse(parseJson(text)).data;
      const age = entry === undefined ? Infinity : Date.now() - entry.at;
      return age >= 0 && age < keptMs ? schema.safeParse(entry?.value).data : undefined;
    },
    set: async (key, value) => {
      await mkdir(folder, { recursive: true });
      const file = fileOf(key);
      const written = `${file}.${process.pid}`;
      await writeFile(written, JSON.stringify({ at: Date.now(), value }));
      await rename(written, file);
    },
    forget: (key) => rm(fileOf(key), { force: true }),
  };
}

/** Everything that decides which builder buildx picks; its state files are compared, not read. */
async function builderIdentity(): Promise<string> {
  const names = ["BUILDX_BUILDER", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_CONFIG"];
  const buildxState = process.env["BUILDX_CONFIG"] ?? join(dockerConfigFolder(), "buildx");
  const files = [join(buildxState, "current"), join(dockerConfigFolder(), "config.json")];
  const contents = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return [...names.map((name) => process.env[name] ?? ""), ...contents].join("\0");
}
