import { createInterface } from "node:readline";
import { LaunchError } from "../../core/errors.ts";
import { startDocker } from "./docker.ts";

export type PullRequest = {
  readonly reference: string;
  readonly platform: string | undefined;
  /** With which logins, where they are not Docker's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Called as layers come: `2 of 7 layers`. */
  readonly onProgress: (detail: string) => void;
};

/** Pulls an image. Throws `image-pull` with what the registry said, `cancelled`. */
export async function pullWithProgress(request: PullRequest, signal: AbortSignal): Promise<void> {
  const { reference, platform, env, onProgress } = request;
  const pull = await startDocker({
    args: ["pull", ...(platform === undefined ? [] : [`--platform=${platform}`]), "--", reference],
    doing: `pulling ${reference}`,
    env,
  });
  const stop = (): void => void pull.end(1_000);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const layers = new Map<string, boolean>();
  const said: string[] = [];
  createInterface({ input: pull.stdout }).on("line", (line) => {
    const [, layer, status] = /^([0-9a-f]{12}): (.+)$/.exec(line) ?? [];
    if (layer === undefined || status === undefined) return;
    layers.set(layer, status === "Pull complete" || status === "Already exists");
    onProgress(`${[...layers.values()].filter(Boolean).length} of ${layers.size} layers`);
  });
  createInterface({ input: pull.stderr }).on("line", (line) => said.push(line));
  await new Promise((resolve) => pull.child.once("close", resolve));
  signal.removeEventListener("abort", stop);
  if (signal.aborted) throw new LaunchError("cancelled", `pulling ${reference}: cancelled`, { cause: signal.reason });
  const exit = await pull.exited;
  if (exit.kind === "exited" && exit.exitCode === 0) return;
  const words = said.join(" ").replace(/^Error response from daemon: /, "");
  throw new LaunchError("image-pull", `the image ${reference} could not be pulled: ${words}`);
}
