import { z } from "zod";
import { LaunchError } from "../../core/errors.ts";
import { type OutputPump, pumpOutput } from "../../core/output/output-pump.ts";
import type { ProcessGroup } from "../../core/process.ts";
import { passEnvironment } from "./container-environment.ts";
import { docker, startDocker } from "./docker.ts";

const inspectSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Path: z.string(),
  Image: z.string(),
  State: z.object({
    Status: z.enum(["created", "running", "paused", "restarting", "removing", "exited", "dead"]),
    OOMKilled: z.boolean(),
    ExitCode: z.int(),
    Error: z.string(),
    StartedAt: z.string(),
  }),
  Config: z.object({
    Image: z.string(),
    Env: z.array(z.string()).nullish(),
    WorkingDir: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
  Mounts: z.array(z.object({ Source: z.string().default(""), Destination: z.string(), RW: z.boolean() })),
});

/** What the engine knows of a container. */
export type Container = {
  /** The engine's own, which no other container has or will have. */
  readonly id: string;
  readonly name: string;
  readonly status: z.output<typeof inspectSchema>["State"]["Status"];
  /** False for one whose process never ran. */
  readonly started: boolean;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** The engine's own words on why it could not be started; "" when it could. */
  readonly error: string;
  readonly image: string;
  /** The engine's id of the image that it was made from, whatever the name means by now. */
  readonly imageId: string;
  /** The program that runs, as it was given: an absolute path, a relative one, or a name on PATH. */
  readonly program: string;
  readonly path: string | undefined;
  readonly workingDirectory: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly writable: boolean }[];
};

/** A container as it is asked for, and as people are told of it. */
export type NamedContainer = Pick<Container, "id" | "name">;

export type CreateRequest = {
  readonly name: string;
  /** Options of `docker create`. */
  readonly options: readonly string[];
  /** The container's variables; their values stay off the command line. */
  readonly env: Readonly<Record<string, string>>;
  readonly image: string;
  readonly args: readonly string[];
};

/** The engine's answer to `create`: its own words when it did not. */
export type Creation =
  { readonly kind: "created"; readonly id: string } | { readonly kind: "refused"; readonly words: string };

/** What is asked of the engine here is answered at once, and what has begun is better finished than cut off half-way. */
const unhurried = new AbortController().signal;

/** Creates a container from an image that the engine has; nothing is pulled. */
export async function createContainer(request: CreateRequest): Promise<Creation> {
  const passed = await passEnvironment(request.env);
  try {
    const result = await docker({
      args: [
        ...["create", "--name", request.name, "--pull", "never"],
        ...passed.args,
        ...request.options,
        ...["--", request.image, ...request.args],
      ],
      doing: `creating the container ${request.name}`,
      signal: unhurried,
      env: passed.env,
      ...(passed.inputDescriptor === undefined ? {} : { inputDescriptor: passed.inputDescriptor }),
    });
    if (result.exitCode !== 0) return { kind: "refused", words: wordsOf(result.stderr) };
    return { kind: "created", id: result.stdout.toString().trim() };
  } finally {
    await passed.close();
  }
}

/** A docker command that passes on a container's output. */
export type DockerOutput = { readonly group: ProcessGroup; readonly pump: OutputPump };

/*
 * What is done to a container from here on is done to it by its id: under a name there may be another by then.
 */

/** Starts a container and stays attached to its output; the exit code is the container's, or docker's own when that failed. */
export async function startContainer({ id, name }: NamedContainer): Promise<DockerOutput> {
  const group = await startDocker({
    args: ["start", "--attach", id],
    doing: `starting the container ${name}`,
  });
  return { group, pump: pumpOutput(group) };
}

/** A container's output from its start, to its end. */
export async function followLogs({ id, name }: NamedContainer): Promise<DockerOutput> {
  const args = ["logs", "--follow", id];
  const group = await startDocker({ args, doing: `reading the log of the container ${name}` });
  return { group, pump: pumpOutput(group) };
}

/** A container by its id, or by its name; undefined when the engine says that there is none. Throws when it says nothing. */
export async function inspectContainer({
  id,
  name,
}: Pick<NamedContainer, "name"> & Partial<NamedContainer>): Promise<Container | undefined> {
  const doing = `looking at the container ${name}`;
  const filter = id === undefined ? `name=^/${name}$` : `id=${id}`;
  for (let tries = 0; tries < 2; tries++) {
    const result = await docker({ args: ["container", "inspect", id ?? name], doing, signal: unhurried });
    if (result.exitCode === 0) return containerIn(result.stdout.toString());
    // An engine that can't be reached fails as well: only an empty list says that there is none.
    if ((await containerNames([filter])).length === 0) return undefined;
  }
  throw new LaunchError("submit-failed", `${doing}: it is listed, but can't be inspected`);
}

/** Names of all containers, also ended ones, that fit these filters of `docker container ls`. */
export async function containerNames(filters: readonly string[]): Promise<readonly string[]> {
  const result = await docker({
    args: [
      ...["container", "ls", "--all", "--format", "{{.Names}}"],
      ...filters.flatMap((filter) => ["--filter", filter]),
    ],
    doing: "listing containers",
    signal: unhurried,
  });
  if (result.exitCode !== 0)
    throw new LaunchError("submit-failed", `the Docker engine does not answer: ${wordsOf(result.stderr)}`);
  return result.stdout
    .toString()
    .split("\n")
    .filter((line) => line !== "");
}

/** Its stop signal (SIGTERM unless it was created with another), then SIGKILL after `graceMs` (in whole seconds, rounded up). Fine when it has ended or is gone. */
export async function stopContainer(container: NamedContainer, graceMs: number): Promise<void> {
  const { id, name } = container;
  const result = await docker({
    args: ["stop", "-t", String(Math.ceil(graceMs / 1_000)), id],
    doing: `ending the container ${name}`,
    signal: unhurried,
    timeoutMs: graceMs + 60_000,
  });
  if (result.exitCode === 0) return;
  const now = await inspectContainer(container);
  if (now === undefined || now.status === "exited" || now.status === "dead") return;
  throw new LaunchError("submit-failed", `the container ${name} could not be ended: ${wordsOf(result.stderr)}`);
}

const removedWithinMs = 30_000;

/** Ends and removes a container and its unnamed volumes. Fine when it is gone, or going. */
export async function removeContainer(container: NamedContainer): Promise<void> {
  const { id, name } = container;
  const deadline = performance.now() + removedWithinMs;
  for (;;) {
    const result = await docker({
      args: ["rm", "--force", "--volumes", id],
      doing: `removing the container ${name}`,
      signal: unhurried,
    });
    if (result.exitCode === 0 || (await inspectContainer(container)) === undefined) return;
    if (performance.now() >= deadline)
      throw new LaunchError("submit-failed", `the container ${name} could not be removed: ${wordsOf(result.stderr)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Whether a path is there in a container, which need not run; symbolic links are followed. */
export async function hasPath({ id, name }: NamedContainer, path: string): Promise<boolean> {
  const copy = await startDocker({
    args: ["cp", "--follow-link", `${id}:${path}`, "-"],
    doing: `looking for ${path} in the container ${name}`,
  });
  copy.stderr.resume();
  const came = await new Promise<boolean>((resolve) => {
    copy.stdout.once("data", () => resolve(true));
    copy.stdout.once("close", () => resolve(false));
  });
  copy.stdout.destroy();
  await copy.end(1_000);
  return came;
}

function containerIn(text: string): Container {
  const found = z.tuple([inspectSchema]).parse(JSON.parse(text))[0];
  const { State: state, Config: config } = found;
  return {
    id: found.Id,
    name: found.Name.replace(/^\//, ""),
    status: state.Status,
    started: !state.StartedAt.startsWith("0001-"),
    exitCode: state.ExitCode,
    outOfMemory: state.OOMKilled,
    error: state.Error,
    image: config.Image,
    imageId: found.Image,
    program: found.Path,
    path: config.Env?.find((variable) => variable.startsWith("PATH="))?.slice(5),
    workingDirectory: config.WorkingDir === "" ? "/" : config.WorkingDir,
    labels: config.Labels ?? {},
    mounts: found.Mounts.map((mount) => ({ source: mount.Source, target: mount.Destination, writable: mount.RW })),
  };
}

/** What docker said, without its prefix and its advice to read the help. */
function wordsOf(stderr: string): string {
  return stderr
    .trim()
    .split("\n")
    .filter((line) => line !== "" && !/^(?:Run 'docker|See 'docker)/.test(line))
    .map((line) => line.replace(/^(?:docker: )?Error response from daemon: /, ""))
    .join(" ");
}
