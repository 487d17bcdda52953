import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isFileMissing } from "../../core/errors.ts";
import { dockerConfigFolder } from "./buildx.ts";
import { writeNamed } from "../../core/folders/write-named.ts";

export type Login = { readonly host: string; readonly username: string; readonly password: string };

export type PrivateConfig = {
  /** What a docker or buildx call adds to its environment to use these logins. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
};

const configSchema = z.looseObject({
  auths: z.record(z.string(), z.json()).optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});

/**
 * A Docker configuration of our own with these logins besides the user's, so that nothing is written into the user's (as
 * `docker login` does) and no password is on a command line. Plug-ins and contexts are the user's folders by link, buildx's state by
 * its variable. `scratch` is a folder that only this user can read.
 */
export async function privateDockerConfig(logins: readonly Login[], scratch: string): Promise<PrivateConfig> {
  const user = dockerConfigFolder();
  const folder = await mkdtemp(join(scratch, "docker-config-"));
  const config = configSchema.parse(await userConfig(user));
  const auths = { ...config.auths };
  const credHelpers = { ...config.credHelpers };
  for (const { host, username, password } of logins) {
    auths[host] = { auth: Buffer.from(`${username}:${password}`).toString("base64") };
    // An empty helper means "in this file", also where a `credsStore` holds every other login.
    credHelpers[host] = "";
  }
  const text = JSON.stringify({ ...config, auths, credHelpers });
  await writeNamed(join(folder, "config.json"), text, { mode: 0o600 });
  for (const part of ["cli-plugins", "contexts"]) await symlink(join(user, part), join(folder, part));
  const buildxState = process.env["BUILDX_CONFIG"] ?? join(user, "buildx");
  return {
    env: { DOCKER_CONFIG: folder, BUILDX_CONFIG: buildxState },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function userConfig(folder: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  } catch (error) {
    if (isFileMissing(error)) return {};
    throw error;
  }
}
