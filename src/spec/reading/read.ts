import { open } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorCode, isFileMissing, LaunchError, messageOf } from "../../core/errors.ts";
import { maxBytes } from "./parse.ts";
import type { ConfigDocument, Document } from "../resolve/resolution.ts";

/** Reads a spec, known by the name that was given for it. Throws `bad-spec` when it can't be read as text. */
export function readSpec(path: string): Promise<Document> {
  return readDocument(path, "launch spec", "bad-spec");
}

export type ConfigLookUp = {
  /** `--launch-config` or the action's input. */
  readonly given?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
};

/**
 * The launch config of this place: what was given, `LAUNCH_CONFIG`, `launch-config.yaml` in the working folder, then the
 * user's own of launch and of W&B. None is fine, but one that was named must be there. Throws `bad-config`.
 */
export async function readConfig({ given, environment, cwd, home }: ConfigLookUp): Promise<ConfigDocument | undefined> {
  const named = given ?? environment["LAUNCH_CONFIG"];
  if (named !== undefined && named !== "") return readDocument(named, "launch config", "bad-config");
  const settings = environment["XDG_CONFIG_HOME"] ?? join(home, ".config");
  const places = [
    { name: "launch-config.yaml", path: join(cwd, "launch-config.yaml") },
    ...["launch", "wandb"]
      .map((owner) => join(settings, owner, "launch-config.yaml"))
      .map((path) => ({ name: path, path })),
  ];
  for (const { name, path } of places) {
    const text = await readText(path, "launch config", "bad-config");
    if (text !== undefined) return { name, text, found: true };
  }
  return undefined;
}

async function readDocument(path: string, what: string, code: ErrorCode): Promise<Document> {
  const text = await readText(path, what, code);
  if (text === undefined) throw new LaunchError(code, `there is no ${what} at ${JSON.stringify(path)}`);
  return { name: path, text };
}

/** One byte more than is allowed is read at most: the parser refuses the rest of a file that is too large, in words. */
async function readText(path: string, what: string, code: ErrorCode): Promise<string | undefined> {
  try {
    await using file = await open(path);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of file.createReadStream({ end: maxBytes, autoClose: false })) {
      if (!Buffer.isBuffer(chunk)) continue;
      chunks.push(chunk);
      size += chunk.length;
    }
    if (size > maxBytes) throw new LaunchError(code, `${what} ${JSON.stringify(path)} has more than 1 MiB`);
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    if (error instanceof LaunchError) throw error;
    const why = error instanceof TypeError ? "it is not UTF-8 text" : messageOf(error);
    throw new LaunchError(code, `${what} ${JSON.stringify(path)} can't be read: ${why}`, { cause: error });
  }
}
