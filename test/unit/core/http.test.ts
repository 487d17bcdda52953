import { createServer, type RequestListener, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { requestHttp } from "../../../src/core/http.ts";

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const address = started.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}/`;
}

const usual = { headers: {}, signal: new AbortController().signal, timeoutMs: 10_000 } as const;

test("sends a body with its headers, and gives back status, headers and the answer's bytes", async () => {
  const url = await serve((request, response) => {
    void text(request).then((body) => {
      const said = `${request.method ?? ""} ${request.headers["x-asks"]?.toString() ?? ""} ${body}`;
      response.writeHead(404, { "x-answers": "yes" }).end(said);
    });
  });
  const answer = await requestHttp({ ...usual, method: "POST", url, headers: { "x-asks": "here" }, body: "naïve" });
  expect(answer.status).toBe(404);
  expect(answer.headers["x-answers"]).toBe("yes");
  expect(answer.body.toString()).toBe("POST here naïve");
});

test("unpacks what was sent compressed, and follows no redirect", async () => {
  const url = await serve((request, response) => {
    if (request.url === "/") response.writeHead(302, { location: "/elsewhere" }).end();
    else response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("packed"));
  });
  expect((await requestHttp({ ...usual, method: "GET", url })).status).toBe(302);
  expect((await requestHttp({ ...usual, method: "GET", url: `${url}packed` })).body.toString()).toBe("packed");
});

test("a kept connection that the host has closed meanwhile fails nothing", async () => {
  let asked = 0;
  const url = await serve((request, response) => {
    asked++;
    // The second request on a connection meets its end, as one does that comes while an idle connection is being closed.
    if (asked === 2) request.socket.destroy();
    else response.end(String(asked));
  });
  expect((await requestHttp({ ...usual, method: "POST", url, body: "" })).body.toString()).toBe("1");
  expect((await requestHttp({ ...usual, method: "POST", url, body: "" })).body.toString()).toBe("3");
});

test("what has effects is sent once, though its end is not known", async () => {
  let asked = 0;
  const url = await serve((request, response) => {
    asked++;
    if (asked === 2) request.socket.destroy();
    else response.end(String(asked));
  });
  const post = { ...usual, method: "POST", url, body: "", hasEffects: true };
  expect((await requestHttp(post)).body.toString()).toBe("1");
  await expect(requestHttp(post)).rejects.toThrow();
  expect(asked).toBe(2);
});

test("an answer that is cut off is none", async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  });
  await expect(requestHttp({ ...usual, method: "GET", url })).rejects.toThrow();
});

test("a host that says nothing is waited for until the time is over, or the caller wants no more", async () => {
  const url = await serve(() => undefined);
  await expect(requestHttp({ ...usual, method: "GET", url, timeoutMs: 50 })).rejects.toThrow(/timeout/i);
  const caller = new AbortController();
  const asked = requestHttp({ ...usual, method: "GET", url, signal: caller.signal });
  caller.abort(new Error("no longer wanted"));
  await expect(asked).rejects.toThrow("no longer wanted");
});
