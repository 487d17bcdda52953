import { setTimeout as delay } from "node:timers/promises";
import { requestHttp } from "../../../src/core/http.ts";
import { ownResources, type ResourceCatalog } from "../../../src/resources/index.ts";
import type { Resource, SharedContext } from "../../../src/resources/resource.ts";
import { localHandle, namedBy } from "../../../src/run/handle.ts";
import type { ClusterRun } from "./cluster.ts";

/* A resource whose runs are elsewhere. It goes by a name that has traits and arguments, and no plug-in of its own. */

const kind = "kubernetes";
const pollMs = 50;

/** The resources of this version, and the cluster at this URL where there is one. */
export function resourcesWith(clusterUrl: string | undefined, context: SharedContext): ResourceCatalog {
  if (clusterUrl === undefined) return ownResources(context);
  const cluster = clusterResource(clusterUrl);
  const opened = { create: () => cluster, close: () => Promise.resolve() };
  return ownResources(context, { [kind]: () => Promise.resolve(opened) });
}

const parse: (json: string) => ClusterRun = JSON.parse;

function clusterResource(clusterUrl: string): Resource {
  const ask = async (method: string, path: string, signal: AbortSignal): Promise<ClusterRun | undefined> => {
    const url = `${clusterUrl}/${path}`;
    const { status, body } = await requestHttp({ method, url, headers: {}, signal, timeoutMs: 20_000 });
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`the cluster answers with ${status}`);
    return parse(body.toString());
  };
  const nameOf = (handle: Parameters<Resource["cancel"]>[0]): string => namedBy(kind, handle).name;
  const never = new AbortController().signal;
  return {
    describe: ({ name }) => `a job ${name}`,
    handleFor: (run) => localHandle(kind, run),
    submit: async (_run, { handle }, signal) => {
      await ask("POST", nameOf(handle), signal);
    },
    imageDigest: () => Promise.resolve(undefined),
    find: async (run, signal) => {
      const handle = localHandle(kind, run);
      return (await ask("GET", handle.name, signal)) === undefined ? undefined : handle;
    },
    follow: async (handle, { sink }, signal) => {
      for (let from = 0; ;) {
        const run = await ask("GET", `${nameOf(handle)}?from=${from}`, signal);
        if (run === undefined) return { kind: "failed", reason: "lost", message: "it is not there any more" };
        if (run.log !== "") await sink("stdout", Buffer.from(run.log));
        from += run.log.length;
        if (run.exitCode !== undefined) return { kind: "exited", exitCode: run.exitCode };
        await delay(pollMs, undefined, { signal });
      }
    },
    cancel: async (handle) => {
      await ask("PUT", nameOf(handle), never);
      while ((await ask("GET", nameOf(handle), never))?.exitCode === undefined) {
        if ((await ask("GET", nameOf(handle), never)) === undefined) return;
        await delay(pollMs);
      }
    },
    remove: async (handle) => {
      await ask("DELETE", nameOf(handle), never);
    },
  };
}
