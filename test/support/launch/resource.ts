import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { newRunId, newRunNonce } from "../../../src/run/run-id.ts";
import { ownResources, type ResourceArgs, type ResourceCatalog } from "../../../src/resources/index.ts";
import { runKeyOf } from "../../../src/run/names/identity.ts";
import type { Handle } from "../../../src/run/handle.ts";
import type { Resource, ResourceContext, RunRequest } from "../../../src/resources/resource.ts";
import type { StartWaits } from "../../../src/resources/start-wait.ts";
import type { ResourceOutcome } from "../../../src/run/outcome.ts";
import { keptLog } from "../docker/docker.ts";
import { remainsOf } from "./remains.ts";

export type LocalKind = "local-process" | "local-container";
export const testImage = "busybox:latest";

export type Followed = { readonly outcome: ResourceOutcome; readonly stdout: string; readonly stderr: string };

/** For a run whose start is not what a test is about. */
export const noWaits: StartWaits = () => undefined;

/** Follows a run and keeps what it prints. */
export async function followed(resource: Resource, handle: Handle, waits: StartWaits = noWaits): Promise<Followed> {
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const outcome = await resource.follow(
    handle,
    // A chunk is freed when the sink returns.
    { sink: (stream, chunk) => void output[stream].push(Buffer.from(chunk)), waits },
    new AbortController().signal,
  );
  return {
    outcome,
    stdout: Buffer.concat(output.stdout).toString(),
    stderr: Buffer.concat(output.stderr).toString(),
  };
}

/**
 * A place to run in, as a launch makes it. After each test nothing of its run may be left: no process with its mark, no container,
 * no state, no temporary file.
 */
export function resourceBench(kind: LocalKind, outlives = false) {
  let folder = "";
  let log = keptLog();
  let requests: RunRequest[] = [];
  let catalogs: ResourceCatalog[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "launch-resource-test-"));
    for (const name of ["source", "output", "cache", "tmp"]) mkdirSync(join(folder, name));
    log = keptLog();
    requests = [];
    catalogs = [];
  });
  afterEach(async () => {
    for (const catalog of catalogs) await catalog.close();
    const left = requests.flatMap(({ runId }) => remainsOf(runId, [join(folder, "tmp")]));
    if (left.length > 0) {
      const resource = await ownResources(context()).open(kind, {}, context());
      for (const request of requests) await resource.remove(resource.handleFor(request));
    }
    rmSync(folder, { recursive: true });
    expect(left).toEqual([]);
  });
  const context = (extra: Partial<ResourceContext> = {}): ResourceContext => ({
    log,
    cacheDirectory: join(folder, "cache"),
    environment: process.env,
    cloudEnvironment: { cloud: undefined },
    mounts: [],
    networks: [],
    ...extra,
  });
  /** As another launcher would: it shares nothing with the runs of the others. */
  const open = (args: ResourceArgs, own: ResourceContext): Promise<Resource> => {
    const catalog = ownResources(own);
    catalogs.push(catalog);
    return catalog.open(kind, args, own);
  };
  return {
    folder: (name = "") => join(folder, name),
    log: () => log,
    context,
    open: (args?: ResourceArgs[LocalKind], extra: Partial<ResourceContext> = {}): Promise<Resource> =>
      open(args === undefined ? {} : { [kind]: args }, context(extra)),
    request: (script: string, extra: Partial<RunRequest> = {}): RunRequest => {
      const request: RunRequest = {
        ...runKeyOf({ run_id: newRunId("contract", new Date()), attempt: 1, nonce: newRunNonce() }, ""),
        name: "contract",
        image: kind === "local-container" ? { reference: testImage, digest: undefined } : undefined,
        sourceDirectory: join(folder, "source"),
        workingDirectory: "",
        command: ["sh", "-c", script],
        args: [],
        env: {},
        secrets: {},
        labels: {},
        outputDirectory: join(folder, "output"),
        ...(outlives ? { outlives: { keepAliveFile: join(folder, "alive"), graceMs: 600_000 } } : {}),
        ...extra,
      };
      requests.push(request);
      return request;
    },
  };
}

/** Submits and follows to the end; whatever happens, the run is removed. */
export async function run(resource: Resource, request: RunRequest, waits = noWaits): Promise<Followed> {
  const handle = resource.handleFor(request);
  try {
    await resource.submit(request, { handle, waits }, new AbortController().signal);
    return await followed(resource, handle, waits);
  } finally {
    await resource.remove(handle);
  }
}

/** Another launcher, in a process of its own, that has submitted a run, follows it, and can be killed. */
export async function otherLauncher(kind: LocalKind, request: RunRequest, cacheDirectory: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "launcher-process.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: join(cacheDirectory, "..", "tmp") },
  });
  child.stdin.end(JSON.stringify({ kind, request, cacheDirectory }));
  await once(child.stdout, "data");
  return {
    kill: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
