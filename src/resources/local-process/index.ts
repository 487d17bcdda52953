import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { formatCommandLine } from "../../core/command-line.ts";
import { isFileMissing, LaunchError } from "../../core/errors.ts";
import { isRunning } from "../../core/process-identity.ts";
import { localHandle, namedBy } from "../../run/handle.ts";
import type { Handle } from "../../run/handle.ts";
import type { Resource, ResourceContext, ResourcePlugin, RunReader, RunRequest, SharedLife } from "../resource.ts";
import type { StartWaits } from "../start-wait.ts";
import type { ResourceOutcome } from "../../run/outcome.ts";
import { examineProcess } from "./examine.ts";
import { endLeftovers, followOrphan, followProcess, pause } from "./follow.ts";
import { passedOn } from "./launcher-environment.ts";
import { type ProcessTree, processTreeOf } from "./process-tree.ts";
import { pruneEnvironments } from "./prune.ts";
import { pythonEnvironment } from "./python-environment.ts";
import { warnOfDifferences } from "./requirement-check.ts";
import { readRequirements } from "./requirements.ts";
import { kind, type RunState, runStateOf } from "./run-state.ts";
import type { LocalProcessArgs } from "./schema.ts";
import { type StartedProcess, startOutliving, startProcess } from "./start.ts";
import { endSupervisor, followSupervised } from "./supervise.ts";

/*
 * A run as a process of this machine, at the head of its own group. While its launcher lives, output and exit code come from the child
 * itself. Another process (after the launcher was killed) knows it by its state folder and by the mark in its environment: it can find it,
 * end it and remove it, and wait for its end, but its output is gone, and its exit code too unless the launcher could still write it down.
 * A run that is to outlive its launcher is the child of a supervisor instead, which keeps both: see supervisor.ts.
 */
export const plugin: ResourcePlugin<LocalProcessArgs, StartedRuns> = {
  share: () => Promise.resolve(startedRuns()),
  create: createLocalProcess,
  examine: examineProcess,
  prune: pruneEnvironments,
};

type Run = { readonly started: StartedProcess; readonly checked: Promise<void>; readonly stopCheck: () => void };

/** The runs whose parent this process is, by their identities. */
type StartedRuns = SharedLife & { readonly runs: Map<string, Run> };

function startedRuns(): StartedRuns {
  const runs = new Map<string, Run>();
  return {
    runs,
    close: async () => {
      for (const { stopCheck } of runs.values()) stopCheck();
      await Promise.all([...runs.values()].map(({ checked }) => checked));
      runs.clear();
    },
  };
}

function createLocalProcess(
  args: LocalProcessArgs,
  context: ResourceContext,
  lend: () => Promise<StartedRuns>,
): Resource {
  const stateOf = (handle: Handle): RunState => runStateOf(context.cacheDirectory, namedBy(kind, handle));
  const treeOf = (handle: Handle, run?: Run): ProcessTree =>
    processTreeOf(namedBy(kind, handle), async () => {
      if (run !== undefined) return { name: run.started.name, ours: run.started.isOurs() };
      const name = await stateOf(handle).readProcess();
      return name === undefined ? undefined : { name, ours: false };
    });
  const identityOf = (handle: Handle): string => namedBy(kind, handle).identity;
  const runOf = async (handle: Handle): Promise<Run | undefined> => (await lend()).runs.get(identityOf(handle));

  return {
    describe: (request) => formatCommandLine([...commandOf(request), ...request.args]),
    handleFor: (request) => localHandle(kind, request),
    submit: async (request, { handle, waits }, signal) => {
      const command = commandOf(request);
      const directory = await workingDirectoryOf(request);
      const { runs } = await lend();
      const identity = identityOf(handle);
      if (runs.has(identity)) return;
      const state = stateOf(handle);
      const claimed = { state, tree: treeOf(handle), waits, claimedWithinMs };
      if (!(await state.claim()) && (await wasStarted(claimed, signal))) return;
      const base = await baseEnvironment({ args, directory, waits }, context, signal).catch(async (error: unknown) => {
        await state.remove();
        throw error;
      });
      const start = { request, command, directory, base, state, signal };
      if (request.outlives !== undefined) {
        await startOutliving(start, request.outlives);
        return;
      }
      const started = await startProcess(start);
      const checking = new AbortController();
      const checked = args.venv
        ? Promise.resolve()
        : warnOfDifferences(
            { command: command[0] ?? "", directory, env: { ...base, ...request.env }, log: context.log },
            checking.signal,
          );
      runs.set(identity, { started, checked, stopCheck: () => checking.abort() });
    },
    find: async (key) => {
      const handle = localHandle(kind, key);
      const tree = treeOf(handle, await runOf(handle));
      return (await stateOf(handle).exists()) || (await tree.isThere()) ? handle : undefined;
    },
    follow: async (handle, reader, signal) => {
      const run = await runOf(handle);
      if (run === undefined) return followOther({ state: stateOf(handle), tree: treeOf(handle) }, reader, signal);
      const outcome = await followProcess({ started: run.started, tree: treeOf(handle, run) }, reader.sink, signal);
      await run.checked;
      return outcome;
    },
    imageDigest: () => Promise.resolve(undefined),
    cancel: async (handle, graceMs) => treeOf(handle, await runOf(handle)).end(graceMs),
    remove: async (handle) => {
      const run = await runOf(handle);
      run?.stopCheck();
      await Promise.all([treeOf(handle, run).end(0), run?.checked]);
      // Bounded: a process that even SIGKILL does not end (in uninterruptible sleep) must not keep the launcher.
      if (run !== undefined)
        await Promise.race([run.started.recorded, delay(recordedWithinMs, undefined, { ref: false })]);
      await endSupervisor(stateOf(handle));
      await stateOf(handle).remove();
      (await lend()).runs.delete(identityOf(handle));
    },
  };
}

type Other = { readonly state: RunState; readonly tree: ProcessTree };

/** Follows a run that is not our own child: below a supervisor, or another launcher's, who may be at starting it. */
async function followOther(
  { state, tree }: Other,
  { sink, waits }: RunReader,
  signal: AbortSignal,
): Promise<ResourceOutcome> {
  await wasStarted({ state, tree, waits, claimedWithinMs: 0 }, signal);
  if ((await state.readSupervisor()) === undefined) return followOrphan(state, tree, signal);
  const outcome = await followSupervised({ state, tree }, sink, signal);
  await endLeftovers(tree);
  return outcome;
}

function commandOf(request: RunRequest): readonly string[] {
  if (request.command !== undefined && request.command.length > 0) return request.command;
  throw new LaunchError("refused", `${kind} has no image to take a command from; set overrides.entry_point`);
}

async function workingDirectoryOf(request: RunRequest): Promise<string> {
  if (request.sourceDirectory === undefined) {
    const image = request.image === undefined ? "" : ` and runs no image (${request.image.reference})`;
    throw new LaunchError("refused", `${kind} needs a source directory${image}; use local-container for an image`);
  }
  const directory = join(request.sourceDirectory, request.workingDirectory);
  try {
    if ((await stat(directory)).isDirectory()) return directory;
  } catch (error) {
    if (!isFileMissing(error)) throw error;
  }
  throw new LaunchError("submit-failed", `the source has no folder "${request.workingDirectory}" to run in`);
}

const otherPackages: ReadonlySet<string> = new Set(["PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_VERSION"]);

type EnvironmentPlace = { readonly directory: string; readonly waits: StartWaits };

async function baseEnvironment(
  { args, ...place }: EnvironmentPlace & { readonly args: LocalProcessArgs },
  context: ResourceContext,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  return args.venv ? withPythonEnvironment(place, context, signal) : passedOn(context.environment);
}

/** The launcher's environment with the Python of `venv: true` first on PATH, and without what would mix other packages into it. */
async function withPythonEnvironment(
  { directory, waits }: EnvironmentPlace,
  context: ResourceContext,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const passed = passedOn(context.environment);
  const requirements = await readRequirements(directory);
  if (requirements === undefined) {
    throw new LaunchError(
      "refused",
      "venv: true: there is no uv.lock, requirements.txt, pyproject.toml or requirements.frozen.txt to make it from",
    );
  }
  const env = Object.fromEntries(Object.entries(passed).filter(([name]) => !otherPackages.has(name)));
  const folder = await pythonEnvironment(
    {
      directory,
      requirements,
      cacheDirectory: context.cacheDirectory,
      env: { ...env, ...uvSettings(context) },
      log: context.log,
      waits,
    },
    signal,
  );
  return { ...env, VIRTUAL_ENV: folder, PATH: `${join(folder, "bin")}:${env["PATH"] ?? "/usr/bin:/bin"}` };
}

/** uv's own settings (indexes, cache, mirrors) are for uv: the run does not get them, since an index may hold a password. */
function uvSettings({ environment }: ResourceContext): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith("UV_") && value !== undefined) settings[name] = value;
  }
  return settings;
}

const claimedWithinMs = 2_000;
const recordedWithinMs = 2_000;

/**
 * Whether whoever made the state folder has started the run. It may be at it (making a Python environment takes minutes), so that is
 * waited for; if it was killed in between, the run is ours to start.
 */
async function wasStarted(
  { state, tree, waits, claimedWithinMs }: Other & { readonly waits: StartWaits; readonly claimedWithinMs: number },
  signal: AbortSignal,
): Promise<boolean> {
  let told = false;
  const deadline = performance.now() + claimedWithinMs;
  for (;;) {
    const started = (await state.readProcess()) !== undefined || (await tree.isThere());
    const claimer = await state.readClaimer();
    const working = claimer === undefined ? performance.now() < deadline : await isRunning(claimer);
    if (started || !working) {
      if (told) waits(undefined);
      return started;
    }
    if (claimer !== undefined && !told) waits({ kind: "other-launcher", subject: `process ${claimer.pid}` });
    told ||= claimer !== undefined;
    await pause(50, signal);
  }
}
