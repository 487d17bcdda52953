import { createPrivateKey } from "node:crypto";
import { z } from "zod";
import { gitHubApi } from "../clients/github/api.ts";
import type { Clock } from "../core/clock.ts";
import { LaunchError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/output/log.ts";
import { type FreshToken, renewedToken } from "../core/renewed-token.ts";
import type { TokenSource } from "../core/token.ts";
import { quoted } from "../core/output/said.ts";
import type { GitHubPlace } from "./place.ts";

/** An installation of a GitHub App, and the key that proves to be it. */
export type AppKey = {
  readonly id: number;
  readonly installation: number;
  /** PEM, as GitHub gives it out. */
  readonly privateKey: string;
};

export type AppTokenRequest = {
  readonly app: AppKey;
  readonly place: GitHubPlace;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each token before it is used, so that it can be masked. */
  readonly onToken: (token: string) => void;
};

/** GitHub's own bound, whatever a clock that is off makes of the time of its end. */
const longestLifeMs = 60 * 60_000;

const grantSchema = z.object({ token: z.string().min(1), expires_at: z.iso.datetime({ offset: true }) });

/** Tokens of an App's installation, for as long as it is asked. Throws `bad-config` for a key that is none. */
export function appToken({ app, place, clock, log, onToken }: AppTokenRequest): TokenSource {
  try {
    createPrivateKey(app.privateKey);
  } catch (error) {
    throw new LaunchError("bad-config", "github_app.private_key is no private key in PEM form; give what GitHub made", {
      cause: error,
    });
  }
  const obtain = async (): Promise<FreshToken> => {
    const { createAppAuth } = await import("@octokit/auth-app");
    const api = await gitHubApi(place.apiUrl);
    const auth = createAppAuth({
      appId: app.id,
      privateKey: app.privateKey,
      request: api,
      log: { warn: (message) => log.debug(quoted(message)) },
    });
    try {
      const { data, headers } = await api("POST /app/installations/{installation_id}/access_tokens", {
        installation_id: app.installation,
        request: { hook: auth.hook.bind(auth) },
      });
      const { token, expires_at: end } = grantSchema.parse(data);
      onToken(token);
      // By GitHub's clock at both ends, where it tells it.
      const sent = Date.parse(headers.date ?? "");
      const lifetimeMs = Date.parse(end) - (Number.isNaN(sent) ? clock.now().getTime() : sent);
      return { token, lifetimeMs: Math.max(1_000, Math.min(longestLifeMs, lifetimeMs)) };
    } catch (error) {
      throw refusalOf(error, app, place);
    }
  };
  return renewedToken({ obtain, name: `GitHub App ${app.id}`, clock, log });
}

const refusalSchema = z.object({
  status: z.int(),
  response: z.object({ headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()) }).optional(),
});

/** What GitHub said no to, or that it said nothing. */
function refusalOf(error: unknown, { id, installation }: AppKey, { apiUrl }: GitHubPlace): LaunchError {
  const { status, response } = refusalSchema.safeParse(error).data ?? {};
  // What is refused for its number only is taken later.
  const isTooMuch =
    response?.headers["retry-after"] !== undefined || response?.headers["x-ratelimit-remaining"] === "0";
  const said = messageOf(error).split("\n")[0] ?? "";
  const known: Readonly<Record<number, string>> = {
    401: `github_app: GitHub takes no key of App ${id} that is like the one given (${said}); check github_app.id and github_app.private_key`,
    403: `github_app: GitHub gives App ${id} no token (${said}); check that installation ${installation} is not suspended`,
    404: `github_app: App ${id} has no installation ${installation} on ${apiUrl}; its number is at the end of the URL of its settings page`,
  };
  const words = status === undefined || isTooMuch ? undefined : known[status];
  if (words !== undefined) return new LaunchError("refused", words, { cause: error });
  return new LaunchError("store-failed", `no token of App ${id} was to be had from ${apiUrl}: ${said}`, {
    cause: error,
  });
}
