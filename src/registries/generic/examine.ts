import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dockerConfigFolder } from "../../clients/docker/buildx.ts";
import { LaunchError } from "../../core/errors.ts";
import { type Finding, findingOf } from "../../core/finding.ts";
import { isJsonObject } from "../../core/json.ts";
import { withoutCredentials } from "../../core/output/credentials.ts";

/** The hosts that Docker has a login for; names only. */
export async function examineLogins(): Promise<readonly Finding[]> {
  return [await findingOf({ subject: "registry logins", needed: undefined }, loginWords)];
}

async function loginWords(): Promise<string> {
  const file = join(dockerConfigFolder(), "config.json");
  const config: unknown = JSON.parse(await readFile(file, "utf8").catch(() => "{}"));
  if (!isJsonObject(config)) throw new LaunchError("bad-config", `${file} is no JSON object`);
  const hosts = new Set<string>();
  for (const key of ["auths", "credHelpers"]) {
    const part = config[key];
    if (isJsonObject(part)) for (const host of Object.keys(part)) hosts.add(withoutCredentials(host));
  }
  const helper = typeof config["credsStore"] === "string" ? ` (helper ${config["credsStore"]})` : "";
  return hosts.size === 0 ? `none${helper}` : `${[...hosts].join(", ")}${helper}`;
}
