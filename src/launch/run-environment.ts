import { LaunchError } from "../core/errors.ts";
import { canonicalJson, type JsonObject } from "../core/json.ts";

export type RunEnvironmentRequest = {
  readonly runId: string;
  readonly attempt: number;
  readonly queue?: string | undefined;
  readonly name: string;
  readonly project: string;
  readonly entity: string;
  readonly author: string | undefined;
  readonly commit: string | undefined;
  readonly image: string | undefined;
  readonly runConfig: JsonObject;
  readonly files: JsonObject;
  /** The spec's own `env`. */
  readonly env: Readonly<Record<string, string>>;
};

/** W&B's SDK joins `WANDB_CONFIG_0 …` when a value is longer than this (facts of its client: 32,670 characters). */
const chunkLength = 32_670;
/** Linux refuses a single variable over 128 KiB (MAX_ARG_STRLEN). */
const maxConfigLength = 96 * 1024;

/**
 * What a run finds in its environment, besides secrets and LAUNCH_OUTPUT_DIR (the resource knows where that is inside).
 * `LAUNCH_*` can't be overridden by the spec; `WANDB_*` can, as with W&B's own agent for containers.
 */
export function runEnvironment(request: RunEnvironmentRequest): Readonly<Record<string, string>> {
  const reserved = Object.keys(request.env).filter((name) => name.startsWith("LAUNCH_"));
  if (reserved.length > 0) {
    throw new LaunchError(
      "bad-spec",
      `env: ${reserved.join(", ")}: names that start with LAUNCH_ are set by the launcher; choose others`,
    );
  }
  const config = canonicalJson(request.runConfig);
  if (config.length > maxConfigLength) {
    throw new LaunchError(
      "bad-spec",
      `overrides.run_config: ${config.length} characters as JSON are more than an environment variable holds (${maxConfigLength}); pass a file of the source instead`,
    );
  }
  return {
    WANDB_LAUNCH: "True",
    WANDB_RUN_ID: request.runId,
    WANDB_NAME: request.name,
    WANDB_PROJECT: request.project,
    WANDB_ENTITY: request.entity,
    ...(request.author === undefined ? {} : { WANDB_USERNAME: request.author }),
    ...(request.image === undefined ? {} : { WANDB_DOCKER: request.image }),
    ...(request.queue === undefined ? {} : { WANDB_LAUNCH_QUEUE_NAME: request.queue }),
    ...chunked("WANDB_CONFIG", config),
    ...(Object.keys(request.files).length === 0
      ? {}
      : chunked("WANDB_LAUNCH_FILE_OVERRIDES", canonicalJson(request.files))),
    ...request.env,
    LAUNCH_RUN_ID: request.runId,
    LAUNCH_ATTEMPT: String(request.attempt),
    ...(request.queue === undefined ? {} : { LAUNCH_QUEUE: request.queue }),
    LAUNCH_CONFIG: config,
    ...(request.commit === undefined ? {} : { LAUNCH_COMMIT: request.commit }),
    ...(request.image === undefined ? {} : { LAUNCH_IMAGE: request.image }),
  };
}

function chunked(name: string, value: string): Record<string, string> {
  if (value.length <= chunkLength) return { [name]: value };
  const parts: Record<string, string> = {};
  for (let i = 0; i * chunkLength < value.length; i++) {
    parts[`${name}_${i}`] = value.slice(i * chunkLength, (i + 1) * chunkLength);
  }
  return parts;
}
