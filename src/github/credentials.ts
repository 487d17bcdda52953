import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import type { Log } from "../core/output/log.ts";
import type { Tokens, TokenSource } from "../core/token.ts";
import { readSecret } from "../launch/secrets.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import { gitHubPlace, type GitHubPlace } from "./place.ts";
import type { Environment } from "./context.ts";
import { tokensFor } from "./store.ts";

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
 * The token for this GitHub's host, sent to no other: an App's where the launch config has one, else the one that is given. An App's is
 * made when it is first wanted, so that what reaches nothing on GitHub needs no GitHub.
 */
export function gitHubTokens(request: CredentialRequest): Tokens {
  const { config, token, environment } = request;
  const place = gitHubPlace(environment);
  const { github_app: app } = config;
  return tokensFor(place, app === undefined ? token : appOnDemand(app, place, request));
}

type App = NonNullable<LaunchConfig["github_app"]>;

function appOnDemand(app: App, place: GitHubPlace, request: CredentialRequest): TokenSource {
  let opening: Promise<TokenSource> | undefined;
  let source: TokenSource | undefined;
  return {
    get: async (signal) => {
      source ??= await (opening ??= openApp(app, place, request));
      return source.known().length === 0 ? firstToken(source, request.clock, signal) : source.get(signal);
    },
    refused: (token) => source?.refused(token) ?? false,
    known: () => source?.known() ?? [],
  };
}

async function openApp(app: App, place: GitHubPlace, request: CredentialRequest): Promise<TokenSource> {
  const { environment, clock, log, onToken = () => undefined } = request;
  const { appToken } = await import("./app-token.ts");
  const privateKey = await readSecret("github_app.private_key", app.private_key, environment);
  return appToken({ app: { id: app.id, installation: app.installation, privateKey }, place, clock, log, onToken });
}

async function firstToken(source: TokenSource, clock: Clock, signal: AbortSignal): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await source.get(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (tries === firstTries || (error instanceof LaunchError && error.code === "refused")) throw error;
    }
    await clock.sleep(betweenTriesMs * (0.5 + Math.random()), signal);
  }
}
