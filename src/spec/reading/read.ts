import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { LaunchError } from "../../core/errors.ts";
import { stateDirectoryOf } from "../../core/state-directory.ts";
import { type PlacedConfig, trustOf } from "../config/trust.ts";
import type { ConfigDocument, Document } from "../resolve/resolution.ts";
import { readText, type TextRequest } from "./read-text.ts";

/** Reads a spec, known by the name that was given for it. Throws `bad-spec` when it can't be read as text. */
export function readSpec(path: string): Promise<Document> {
  return readDocument({ path, what: "launch spec", code: "bad-spec" });
}

export type ConfigLookUp = {
  /** `--launch-config` or the action's input. */
  readonly given?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
};

/** The name of one that is looked for. */
export const configName = "launch-config.yaml";

/**
 * The launch config of this place: what was given, `LAUNCH_CONFIG`, `launch-config.yaml` in the working folder, then the
 * user's own of launch and of W&B. None is fine, but one that was named must be there. Throws `bad-config`.
 */
export async function readConfig(lookUp: ConfigLookUp): Promise<ConfigDocument | undefined> {
  const { given, environment, cwd, home } = lookUp;
  const named = given ?? environment["LAUNCH_CONFIG"];
  if (named !== undefined && named !== "") return readDocument(configAt(named));
  const settings = environment["XDG_CONFIG_HOME"] ?? join(home, ".config");
  const own = ["launch", "wandb"].map((owner) => join(settings, owner, configName));
  const here = await readPlaced(cwd);
  if (here !== undefined && !own.includes(here.path)) {
    const found = await trustOf(here, stateDirectoryOf(environment, home));
    return { name: configName, text: here.text, found };
  }
  for (const path of own) {
    const text = await readText(configAt(path));
    if (text !== undefined) return { name: path, text, found: { kind: "own" } };
  }
  return undefined;
}

/** The launch config that is found in a folder. Trust is in that folder: one that is a link to a trusted one of another is another. */
export async function readPlaced(folder: string): Promise<PlacedConfig | undefined> {
  const text = await readText(configAt(join(folder, configName)));
  return text === undefined ? undefined : { path: join(await realpath(folder), configName), text };
}

function configAt(path: string): TextRequest {
  return { path, what: "launch config", code: "bad-config" };
}

async function readDocument(request: TextRequest): Promise<Document> {
  const text = await readText(request);
  if (text === undefined) {
    throw new LaunchError(request.code, `there is no ${request.what} at ${JSON.stringify(request.path)}`);
  }
  return { name: request.path, text };
}
