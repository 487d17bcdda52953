import { LaunchError } from "../../../core/errors.ts";
import { type HttpAnswer, requestHttp } from "../../../core/http.ts";
import { refuseToken, tokenText } from "../../../core/token.ts";
import { type Remote, type RemoteAccess, tokenAuthorization } from "./remote-access.ts";

/*
 * The first request of git's http protocol (https://git-scm.com/docs/http-protocol, "Discovering References"), made without git to learn
 * how a host answers: whether it lets somebody in, and whether it sends them on. Nothing is followed: a header is for one host.
 */
export type Service = "git-upload-pack" | "git-receive-pack";

/** What every request of ours to a git host carries; by protocol v2 the answer is short, however many refs there are. */
export function gitHeaders(authorization: string | undefined): Readonly<Record<string, string>> {
  return {
    "git-protocol": "version=2",
    "user-agent": "git/2 (launch)",
    ...(authorization === undefined ? {} : { authorization }),
  };
}

type InfoRefs = {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly service: Service;
  /** An answer that takes longer tells nothing. */
  readonly timeoutMs: number;
};

const suffixOf = (service: Service): string => `/info/refs?service=${service}`;

/** Undefined when there is no answer. */
export async function askInfoRefs(
  { url, authorization, service, timeoutMs }: InfoRefs,
  signal: AbortSignal,
): Promise<HttpAnswer | undefined> {
  const headers = gitHeaders(authorization);
  try {
    return await requestHttp({ method: "GET", url: url + suffixOf(service), headers, signal, timeoutMs });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/**
 * The HTTP status with which the host turns our token away for this service, so that it is told from a host in trouble without
 * reading messages. Only asked with a token: without one git's own credentials count, which we don't have.
 */
export async function refusedStatus(
  { url, token }: Remote,
  service: Service,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (token === undefined || !/^https?:/.test(url)) return undefined;
  const text = await tokenText(token, signal).catch(() => undefined);
  signal.throwIfAborted();
  if (text === undefined) return undefined;
  const authorization = tokenAuthorization(url, text);
  const status = (await askInfoRefs({ url, authorization, service, timeoutMs: 15_000 }, signal))?.status ?? 0;
  if (status === 401 && refuseToken(token, text)) return undefined;
  return [401, 403, 404].includes(status) ? status : undefined;
}

const maxRedirects = 5;

/**
 * Where a remote's URL leads on its own host (a renamed repository), found without git, since git would carry the token along.
 * Undefined when it doesn't redirect; an error when it leads to another host.
 */
export async function redirectedUrl(access: RemoteAccess, signal: AbortSignal): Promise<string | undefined> {
  const service = "git-upload-pack";
  const suffix = suffixOf(service);
  const { authorization } = access;
  let url = access.url;
  for (let hop = 0; hop < maxRedirects; hop++) {
    const answer = await askInfoRefs({ url, authorization, service, timeoutMs: 30_000 }, signal);
    const location = answer?.headers.location;
    if (answer === undefined || answer.status < 300 || answer.status >= 400 || location === undefined) break;
    const target = new URL(location, url + suffix);
    if (target.origin !== new URL(access.url).origin) {
      throw new LaunchError(
        "source-failed",
        `${access.url} redirects to another host (${target.host}), which must not get this host's token; use the repository's URL there`,
      );
    }
    if (!target.href.endsWith(suffix)) break;
    url = target.href.slice(0, -suffix.length);
  }
  return url === access.url ? undefined : url;
}
