import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import type { Json } from "../../../src/core/json.ts";
import { saidTo } from "../log.ts";
import type { TextPhaseEvent } from "../../../src/core/output/log.ts";
import { stateDirectoryAt, type StateDirectory } from "../../../src/core/state-directory.ts";
import { ownEnvironments } from "../../../src/environments/index.ts";
import type { LaunchRequest, Services } from "../../../src/launch/services.ts";
import { ownResources } from "../../../src/resources/index.ts";
import { resolveSpec } from "../../../src/spec/resolve/resolve.ts";
import { openStore } from "../../../src/stores/index.ts";
import { fileStoreLocation } from "../../../src/stores/location.ts";
import type { Store } from "../../../src/stores/store.ts";

/** A place to launch in: a state directory of its own, and all that the log was told. */
export type LaunchPlace = {
  readonly state: StateDirectory;
  readonly services: Services;
  readonly lines: string[];
  readonly warnings: string[];
  readonly phases: TextPhaseEvent[];
  openStore(): Promise<Store>;
  remove(): Promise<void>;
};

export async function launchPlace(changes: Partial<Services> = {}): Promise<LaunchPlace> {
  const folder = await mkdtemp(join(tmpdir(), "launch-place-"));
  const state = stateDirectoryAt(join(folder, "state"));
  const lines: string[] = [];
  const warnings: string[] = [];
  const phases: TextPhaseEvent[] = [];
  const log = saidTo({
    phase: (event) => void phases.push(event),
    output: ({ stream, bytes }) =>
      void lines.push(
        ...bytes
          .toString()
          .trimEnd()
          .split("\n")
          .map((line) => `${stream}: ${line}`),
      ),
    info: () => undefined,
    warning: (message) => void warnings.push(message),
    debug: () => undefined,
  });
  const open = (): Promise<Store> => openStore(fileStoreLocation(state.store), { log, stateDirectory: state });
  return {
    state,
    lines,
    warnings,
    phases,
    services: {
      log,
      clock: systemClock,
      state,
      store: { open, openFallback: undefined, spare: false, public: false },
      environment: process.env,
      tokens: {},
      environments: ownEnvironments({ log, clock: systemClock, variables: process.env }),
      resources: ownResources({ log, cacheDirectory: state.cache, environment: process.env }),
      launcher: { version: "test", host: "test", platform: "test", node: process.versions.node },
      ...changes,
    },
    openStore: open,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export type TestSpec = {
  readonly spec: Readonly<Record<string, Json>>;
  readonly config?: Readonly<Record<string, Json>>;
  readonly baseDirectory: string;
};

/** A launch of a spec given as a value, resolved as the shells do it. */
export async function launchRequest({ spec, config, baseDirectory }: TestSpec): Promise<LaunchRequest> {
  const resolution = await resolveSpec({
    spec: { name: "launch.yaml", text: JSON.stringify(spec) },
    ...(config === undefined ? {} : { config: { name: "launch-config.yaml", text: JSON.stringify(config) } }),
    overlays: [],
    context: { entity: "org", project: "demo", name: "test" },
  });
  if (resolution.kind === "faults") throw new Error(resolution.faults.map((fault) => fault.message).join("\n"));
  return {
    spec: resolution.spec,
    config: resolution.config,
    baseDirectory,
    includeUntracked: false,
    warnings: resolution.warnings,
    secrets: {},
    by: "ada",
    ci: undefined,
  };
}
