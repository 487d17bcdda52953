import type { MadeUp } from "./made-up.ts";

/** Trees that have the global `fetch` in each way, and that have a `fetch` of their own. */
export const madeUpRequests: MadeUp = {
  broken: {
    "core/http.ts": `export const request = (url: string) => fetch(url);`,
    "github/api.ts": `const text = "fetch(url)";\nconst answer = await fetch(url);\nconst again = globalThis.fetch;`,
    "github/named.ts": [
      `const send = fetch; send(url);`,
      `request.defaults({ request: { fetch } });`,
      `globalThis["fetch"](url); (global as never)?.fetch(url);`,
      `const { fetch: post } = globalThis;`,
      `const all = globalThis; all.fetch(url);`,
      `const ask = (fetch: Send) => fetch(url); fetch(url);`,
      `if (ready) { const fetch = send; fetch(url); } else fetch(url);`,
      `export { fetch }; urls.map(fetch);`,
      `Reflect.get(globalThis, "fetch")(url); Reflect.get(remote, "fetch");`,
      `const { send: other = fetch } = options; const given = (send = fetch) => send;`,
    ].join("\n"),
    "clients/git/refs.ts": `function fetch(remote: string) {} fetch("origin"); repository.fetch("origin"); ({ fetch: 1 });`,
    "clients/git/types.ts": `export type Send = typeof fetch; type A = { fetch: Send }; export { fetch } from "./refs.ts";`,
    "stores/git/index.ts": `import { fetch } from "../../clients/git/fetch.ts"; fetch("origin");`,
    "stores/git/each.ts": `for (const { fetch } of remotes) fetch(); try { all(); } catch (fetch) { show(fetch); }`,
  },
  found: [
    "github/api.ts:2 has fetch",
    "github/api.ts:3 has fetch",
    ...[1, 2, 3, 3, 4, 5, 6, 7, 8, 8, 9, 10, 10].map((line) => `github/named.ts:${line} has fetch`),
  ],
};
