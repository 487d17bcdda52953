import { messageOf } from "../../../core/errors.ts";
import { requestHttp } from "../../../core/http.ts";
import { refuseToken, tokenText } from "../../../core/token.ts";
import type { Ref } from "../refs.ts";
import { gitHeaders } from "./info-refs.ts";
import { type Remote, tokenAuthorization } from "./remote-access.ts";

/*
 * The refs of a remote below some prefixes, in one request and without a process: git's protocol v2 over http(s), command ls-refs
 * (https://git-scm.com/docs/protocol-v2). `git ls-remote` downloads every ref of the repository, and isomorphic-git asks for one prefix
 * in two requests and takes half an answer for a whole one (docs/decisions/0008). Reading only: what writes is git itself.
 */
export type ListedRefs =
  | { readonly kind: "refs"; readonly refs: readonly Ref[] }
  /** `status` is that of an answer which is no listing. */
  | { readonly kind: "unclear"; readonly said: string; readonly status?: number };

const timeoutMs = 15_000;

/** A line of the protocol: its length in four hex digits, then its text. */
function line(text: string): string {
  return `${(Buffer.byteLength(text) + 5).toString(16).padStart(4, "0")}${text}\n`;
}

const delimiter = "0001";
const flush = "0000";

/**
 * `unclear` for whatever is not a whole answer: a host in trouble, one that turns the token away, one that speaks another protocol. A token
 * that is turned away is tried once more where its source may have another by then.
 */
export async function lsRefs(remote: Remote, prefixes: readonly string[], signal: AbortSignal): Promise<ListedRefs> {
  const { url, token } = remote;
  try {
    if (token === undefined) return await ask({ url, token: undefined }, prefixes, signal);
    const text = await tokenText(token, signal);
    const listed = await ask({ url, token: text }, prefixes, signal);
    if (listed.kind === "refs" || listed.status !== 401 || !refuseToken(token, text)) return listed;
    const next = await tokenText(token, signal);
    return next === text ? listed : await ask({ url, token: next }, prefixes, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "unclear", said: messageOf(error) };
  }
}

async function ask(
  { url, token }: { readonly url: string; readonly token: string | undefined },
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<ListedRefs> {
  const head = [line("command=ls-refs"), line("agent=git/2-launch"), line("object-format=sha1"), delimiter];
  const { status, body } = await requestHttp({
    method: "POST",
    url: `${url}/git-upload-pack`,
    headers: {
      "content-type": "application/x-git-upload-pack-request",
      accept: "application/x-git-upload-pack-result",
      ...gitHeaders(token === undefined ? undefined : tokenAuthorization(url, token)),
    },
    body: [...head, ...prefixes.map((prefix) => line(`ref-prefix ${prefix}`)), flush].join(""),
    signal,
    timeoutMs,
  });
  if (status !== 200) return { kind: "unclear", said: `HTTP ${status}`, status };
  const refs = parseRefs(body);
  return refs === undefined ? { kind: "unclear", said: "the answer was cut off" } : { kind: "refs", refs };
}

/** The refs in an answer; undefined unless it is whole, to its flush. */
function parseRefs(body: Buffer): readonly Ref[] | undefined {
  const refs: Ref[] = [];
  for (let at = 0; at + 4 <= body.length;) {
    const length = body.toString("latin1", at, at + 4);
    if (length === flush) return refs;
    if (!/^[0-9a-f]{4}$/.test(length)) return undefined;
    const end = at + Number.parseInt(length, 16);
    const [id = "", name = ""] = body
      .toString("utf8", at + 4, end)
      .trimEnd()
      .split(" ");
    if (!/^[0-9a-f]{40}$/.test(id) || name === "" || end > body.length || end < at + 4) return undefined;
    refs.push({ id, name });
    at = end;
  }
  return undefined;
}
