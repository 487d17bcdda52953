import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { z } from "zod";
import { LaunchError } from "../../core/errors.ts";
import { type BuildProgress, buildProgress, type BuildStep } from "./build-progress.ts";
import { type Buildx, startBuildx } from "./buildx.ts";

export type ImageBuild = {
  /** Folder that is sent as the context; undefined sends none. */
  readonly context: string | undefined;
  /** Path of the Dockerfile, or its text, which is then in no folder. */
  readonly dockerfile: { readonly path: string } | { readonly text: string };
  /** Options of `docker buildx build`. */
  readonly options: readonly string[];
  /** Where buildx leaves what it made. */
  readonly metadataFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly doing: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onProgress: (detail: string) => void;
  /** Takes secrets out of what the build says of its steps. */
  readonly redact?: (text: string) => string;
};

export type ImageBuildResult =
  | { readonly kind: "built"; readonly metadata: BuildMetadata; readonly steps: readonly BuildStep[] }
  | {
      readonly kind: "failed";
      readonly step: string;
      /** It is one of the Dockerfile's own that was run, not what is pulled before or pushed after. */
      readonly ofInstruction: boolean;
      readonly error: string;
      /** The Dockerfile's lines around the step, as buildx prints them. */
      readonly excerpt: readonly string[];
      readonly output: readonly string[];
    };

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const metadataSchema = z.object({
  "containerimage.digest": digest.optional(),
  /** Told by exporters whose images have a manifest: with it, the digest above is the manifest's. */
  "containerimage.descriptor": z.object({ digest }).optional(),
  "buildx.build.provenance": z
    .object({ materials: z.array(z.object({ uri: z.string(), digest: z.object({ sha256: z.string() }) })).optional() })
    .optional(),
});
export type BuildMetadata = z.output<typeof metadataSchema>;

/** How long buildx may take to call a build off: BuildKit ends its steps when the session ends. */
const endGraceMs = 2_000;

/** Runs one build to its end. Throws `cancelled` or `timeout` when it was ended; a build that failed is a result. */
export async function buildImage(tool: Buildx, build: ImageBuild): Promise<ImageBuildResult> {
  build.signal.throwIfAborted();
  const args = ["build", "--progress=rawjson", "--metadata-file", build.metadataFile, ...build.options];
  const file = "path" in build.dockerfile ? build.dockerfile.path : "-";
  const group = await startBuildx(tool, {
    args: build.context === undefined ? [...args, "-"] : [...args, "--file", file, build.context],
    doing: build.doing,
    env: { BUILDX_METADATA_PROVENANCE: "disabled", ...build.env },
    stdin: "pipe",
  });
  const ended: { by?: LaunchError } = {};
  const end = (error: LaunchError): void => {
    ended.by ??= error;
    void group.end(endGraceMs);
  };
  const onAbort = (): void =>
    end(new LaunchError("cancelled", `${build.doing}: cancelled`, { cause: build.signal.reason }));
  build.signal.addEventListener("abort", onAbort, { once: true });
  const late = `${build.doing}: not done after ${build.timeoutMs / 60_000} min; the builder's "timeout" sets how long it may take`;
  const timer = setTimeout(() => end(new LaunchError("timeout", late)), build.timeoutMs);
  group.child.stdin?.on("error", () => undefined).end("text" in build.dockerfile ? build.dockerfile.text : "");
  group.stdout.resume();
  const progress = buildProgress(build.redact);
  try {
    for await (const line of createInterface({ input: group.stderr })) {
      const now = progress.feed(line);
      if (now !== undefined) build.onProgress(now);
    }
    const exit = await group.exited;
    if (ended.by !== undefined) throw ended.by;
    if (exit.kind !== "exited" || exit.exitCode !== 0) return failureOf(progress);
  } finally {
    clearTimeout(timer);
    build.signal.removeEventListener("abort", onAbort);
    // Also when reading failed: nothing of the build goes on without us.
    if (ended.by !== undefined) await group.end(endGraceMs);
  }
  const metadata = metadataSchema.parse(JSON.parse(await readFile(build.metadataFile, "utf8")));
  return { kind: "built", metadata, steps: progress.steps() };
}

function failureOf(progress: BuildProgress): ImageBuildResult {
  const words = progress.lastWords();
  const said = words.findLast((line) => line.startsWith("ERROR: "))?.slice("ERROR: ".length);
  const failure = progress.failure();
  return {
    kind: "failed",
    step: failure?.step ?? "",
    ofInstruction: failure?.ofInstruction ?? false,
    error: failure?.error ?? said ?? words.at(-1) ?? "buildx said nothing",
    excerpt: words.filter((line) => !line.startsWith("ERROR: ") && !/^-+$/.test(line)),
    output: failure?.output ?? [],
  };
}
