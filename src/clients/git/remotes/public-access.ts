import { askInfoRefs } from "./info-refs.ts";

/**
 * Whether anybody can read a repository, found out by asking its host without credentials. Undefined when the host gives no clear
 * answer. A repository that is written over ssh is asked for over https at the same place.
 */
export async function isPublic(remote: string, signal: AbortSignal): Promise<boolean | undefined> {
  const url = askedUrl(remote);
  if (url === undefined) return undefined;
  const request = { url, authorization: undefined, service: "git-upload-pack", timeoutMs: 10_000 } as const;
  const answer = await askInfoRefs(request, signal);
  if (answer === undefined) return undefined;
  const { status, headers } = answer;
  // A page to log in at is an answer too, and none of git's.
  if (status === 200) return headers["content-type"] === "application/x-git-upload-pack-advertisement";
  return [401, 403, 404].includes(status) ? false : undefined;
}

function askedUrl(remote: string): string | undefined {
  const url = URL.parse(remote);
  if (url === null) return undefined;
  const path = url.pathname.replace(/\/+$/, "");
  if (url.protocol === "https:" || url.protocol === "http:") return `${url.protocol}//${url.host}${path}`;
  return url.protocol === "ssh:" ? `https://${url.hostname}${path}` : undefined;
}
