import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type Tokens, tokenText } from "../core/token.ts";
import { readSecret } from "../launch/secrets.ts";
import type { LaunchConfig } from "../spec/launch-config.ts";
import { gitHubPlace } from "./api.ts";
import { appToken } from "./app-token.ts";
import type { Environment } from "./context.ts";

export type CredentialRequest = {
  readonly config: Pick<LaunchConfig, "github_app">;
  /** The job's, or a person's; empty where there is none. */
  readonly token: string;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each token of an App before it is used, so that it can be masked. */
  readonly onToken?: (token: string) => void;
};

/** How often the first token is asked for before it is given up: later there is always time. */
const firstTries = 4;
const betweenTriesMs = 1_500;

/**
 * The token for this GitHub's host, sent to no other: an App's where the launch config has one, else the one that is given. Throws when
 * an App that is configured gets none, so that a mistake in it is seen at the start.
 */
export async function gitHubTokens(request: CredentialRequest, signal: AbortSignal): Promise<Tokens> {
  const { config, token, environment, clock, log, onToken = () => undefined } = request;
  const place = gitHubPlace(environment);
  const host = URL.parse(place.serverUrl)?.host ?? "";
  const { github_app: app } = config;
  if (app === undefined) return token === "" || host === "" ? {} : { [host]: token };
  const privateKey = await readSecret("github_app.private_key", app.private_key, environment);
  const key = { id: app.id, installation: app.installation, privateKey };
  const source = appToken({ app: key, place, clock, log, onToken });
  for (let tries = 1; ; tries++) {
    try {
      await tokenText(source, signal);
      return { [host]: source };
    } catch (error) {
      signal.throwIfAborted();
      if (tries === firstTries || (error instanceof LaunchError && error.code === "refused")) throw error;
    }
    await clock.sleep(betweenTriesMs * (0.5 + Math.random()), signal);
  }
}
