import { homedir } from "node:os";
import { systemClock } from "../../core/clock.ts";
import type { JobLiveness } from "../../run/job-liveness.ts";
import type { Log } from "../../core/output/log.ts";
import type { Tokens } from "../../core/token.ts";
import { quoted } from "../../core/output/said.ts";
import { readLaunchConfig } from "../../submit/config.ts";
import type { LaunchConfig } from "../../spec/config/launch-config.ts";
import type { Console } from "../terminal/console.ts";

type Environment = Console["environment"];

/** A person's token for GitHub. Without it git's own credentials are used. */
const tokenVariable = "LAUNCH_GITHUB_TOKEN";

/** Tokens for GitHub: the launch config's App, or the person's. An App's is made when it is first wanted. */
export async function ownTokens(config: LaunchConfig, environment: Environment, log: Log): Promise<Tokens> {
  const token = environment[tokenVariable] ?? "";
  if (config.github_app === undefined && token === "") return {};
  const { gitHubTokens } = await import("../../github/credentials.ts");
  return gitHubTokens({ config, token, environment, clock: systemClock, log });
}

/** Tokens for stores that are named without a launch config: it is looked for only where it may say more. */
export async function storeTokens(urls: readonly string[], environment: Environment, log: Log): Promise<Tokens> {
  return urls.some((url) => /^git\+https?:/.test(url)) ? placeTokens(environment, log) : {};
}

/** Tokens for GitHub by the launch config of this place, for who has no spec. */
export async function placeTokens(environment: Environment, log: Log): Promise<Tokens> {
  const { config, leftOut } = await readLaunchConfig({ environment, cwd: process.cwd(), home: homedir() });
  if (leftOut !== undefined) log.warning(quoted(leftOut.words));
  return ownTokens(config, environment, log);
}

/** Jobs on GitHub that hold leases, where there is a token to ask with. */
export async function jobsOf(tokens: Tokens, environment: Environment, log: Log): Promise<JobLiveness | undefined> {
  if (Object.keys(tokens).length === 0) return undefined;
  const { gitHubJobs } = await import("../../github/job-liveness.ts");
  return gitHubJobs({ tokens, environment, clock: systemClock, log });
}
