import { text } from "node:stream/consumers";
import { silentLog } from "../../../src/core/output/log.ts";
import { ownResources, type ResourceName } from "../../../src/resources/index.ts";
import type { RunRequest } from "../../../src/resources/resource.ts";

/* Submits the run that stdin describes, says so, and follows it to its end: a launcher that a test can kill. */

type Order = { readonly kind: ResourceName; readonly request: RunRequest; readonly cacheDirectory: string };
const parse: (json: string) => Order = JSON.parse;

const { kind, request, cacheDirectory } = parse(await text(process.stdin));
const { signal } = new AbortController();
const context = {
  log: silentLog,
  cacheDirectory,
  environment: process.env,
  cloudEnvironment: { cloud: undefined },
  mounts: [],
  networks: [],
};
const resource = await ownResources(context).open(kind, {}, context);
const waits = (): void => undefined;
const handle = resource.handleFor(request);
await resource.submit(request, { handle, waits }, signal);
process.stdout.write("submitted\n");
await resource.follow(handle, { sink: () => undefined, waits }, signal);
