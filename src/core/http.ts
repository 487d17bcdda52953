import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";
import type { RequestOptions } from "node:https";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { systemCode } from "./errors.ts";

/*
 * Small requests over http(s), by Node's own client: the global `fetch` brings another client with it, which costs each command 35 ms of CPU
 * and an agent 14 MB. Connections are kept for the next request. Redirects are never followed: a header may be for this host alone.
 */
export type HttpRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What it asks for is done as often as it is sent. */
  readonly hasEffects?: boolean;
  readonly signal: AbortSignal;
  /** From the start to the end of the answer. */
  readonly timeoutMs: number;
};

/** The headers have lower-case names. */
export type HttpAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** More than this of an answer is an error: what is asked for here is small. */
const maxBodyBytes = 64 * 1024 * 1024;

const unzipped = promisify(gunzip);

/**
 * Rejects when there is no whole answer, with the signal's reason when it was aborted. A request that has no effects may be sent twice:
 * once on a kept connection that the host was just closing, and then on a new one.
 */
export async function requestHttp(request: HttpRequest): Promise<HttpAnswer> {
  request.signal.throwIfAborted();
  const limit = AbortSignal.any([request.signal, AbortSignal.timeout(request.timeoutMs)]);
  try {
    return await send(request, limit, request.hasEffects !== true);
  } catch (error) {
    limit.throwIfAborted();
    throw error;
  }
}

async function send(request: HttpRequest, signal: AbortSignal, mayRepeat: boolean): Promise<HttpAnswer> {
  const { url, method, headers, body } = request;
  const options: RequestOptions = {
    method,
    signal,
    headers: {
      "accept-encoding": "gzip",
      ...headers,
      ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
    },
  };
  const open = url.startsWith("https:") ? (await import("node:https")).request : httpRequest;
  const sent = open(url, options);
  try {
    const answer = await answerTo(sent, body);
    const content = await contentOf(answer);
    const isZipped = answer.headers["content-encoding"] === "gzip";
    const whole = isZipped ? await unzipped(content, { maxOutputLength: maxBodyBytes }) : content;
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: whole };
  } catch (error) {
    if (mayRepeat && sent.reusedSocket && systemCode(error) === "ECONNRESET" && !signal.aborted) {
      return send(request, signal, false);
    }
    throw error;
  }
}

function answerTo(sent: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once("response", resolve);
    // Kept to the end: an error after the answer has begun is the body's to tell.
    sent.on("error", reject);
    sent.end(body);
  });
}

async function contentOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: AsyncIterable<Uint8Array> = answer;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error(`the answer is longer than ${maxBodyBytes} bytes`);
  }
  return Buffer.concat(parts);
}
