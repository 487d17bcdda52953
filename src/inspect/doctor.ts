import { constants } from "node:fs";
import { access, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { docker } from "../clients/docker/docker.ts";
import { dockerConfigFolder, findBuildx } from "../clients/docker/buildx.ts";
import { git } from "../clients/git/git.ts";
import { uv } from "../clients/uv/uv.ts";
import { LaunchError, messageOf } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import { execute } from "../core/process.ts";
import { withoutCredentials } from "../core/output/redaction.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { LaunchSpec } from "../spec/launch-spec/launch-spec.ts";
import { resolveSecrets } from "../launch/secrets.ts";
import type { StoreChoice } from "../stores/choose-store.ts";

/** One thing that was looked at. `needed` names what needs it; undefined when nothing of this spec does. */
export type Finding = {
  readonly subject: string;
  readonly found: boolean;
  readonly detail: string;
  readonly needed: string | undefined;
};

export type DoctorRequest = {
  /** The spec that should run here; undefined looks at the place alone. */
  readonly draft: { readonly spec: LaunchSpec; readonly config: LaunchConfig } | undefined;
  readonly workingDirectory: string;
  readonly state: StateDirectory;
  readonly store: StoreChoice;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

type Probe = { readonly found: boolean; readonly detail: string };

const timeoutMs = 15_000;

/** Looks at what a launch would use, all at once. Changes nothing but the state folder, which it makes. */
export async function examine(request: DoctorRequest, signal: AbortSignal): Promise<readonly Finding[]> {
  const needs = needsOf(request.draft);
  const [gitFound, dockerFound, buildx, uvFound, python, logins, state, store, secrets] = await Promise.all([
    probe(() => gitVersion(request.workingDirectory, signal)),
    probe(() => engineVersion(signal)),
    probe(async () => `at ${(await findBuildx(signal)).command}`),
    probe(() => uvVersion(request, signal)),
    probe(() => pythonVersion(signal)),
    probe(registryLogins),
    probe(() => writable(request.state)),
    probe(() => reachable(request.store, signal)),
    secretFindings(request),
  ]);
  return [
    { subject: "node", found: true, detail: process.versions.node, needed: undefined },
    { subject: "git", ...gitFound, needed: needs.git },
    { subject: "docker", ...dockerFound, needed: needs.docker },
    { subject: "buildx", ...buildx, needed: needs.buildx },
    { subject: "uv", ...uvFound, needed: needs.uv },
    { subject: "python", ...python, needed: needs.python },
    { subject: "registry logins", ...logins, needed: undefined },
    { subject: "state folder", ...state, needed: "every run" },
    { subject: "store", ...store, needed: "every run" },
    ...secrets,
  ];
}

type Needs = Readonly<Record<"git" | "docker" | "buildx" | "uv" | "python", string | undefined>>;

function needsOf(draft: DoctorRequest["draft"]): Needs {
  const always = { git: "records, and code from a commit" };
  if (draft === undefined) return { ...always, docker: undefined, buildx: undefined, uv: undefined, python: undefined };
  const { spec, config } = draft;
  const container = spec.resource === "local-container";
  const builds = container && spec.docker.docker_image === undefined && config.builder?.type !== "noop";
  const command = spec.overrides.entry_point?.[0];
  const local = spec.resource === "local-process";
  const venv = local && spec.resource_args["local-process"]?.venv === true;
  return {
    ...always,
    docker: container ? "resource local-container" : undefined,
    buildx: builds ? "building the image" : undefined,
    uv: venv ? "resource_args.local-process.venv" : undefined,
    python: local && !venv && command?.startsWith("python") === true ? `the command ${command}` : undefined,
  };
}

/** A probe's words, or those of the error that stopped it. */
async function probe(look: () => Promise<string>): Promise<Probe> {
  try {
    return { found: true, detail: await look() };
  } catch (error) {
    return { found: false, detail: messageOf(error) };
  }
}

async function gitVersion(cwd: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await git({ args: ["--version"], doing: "asking git's version", cwd, signal, timeoutMs });
  return stdout
    .toString()
    .trim()
    .replace(/^git version /, "");
}

async function engineVersion(signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderr } = await docker({
    args: ["version", "--format", "{{.Server.Version}}"],
    doing: "asking the Docker engine's version",
    signal,
    timeoutMs,
  });
  if (exitCode === 0) return `engine ${stdout.toString().trim()}`;
  throw new LaunchError("tool-missing", `the docker command is here, its engine doesn't answer: ${lastLine(stderr)}`);
}

async function uvVersion({ workingDirectory, environment }: DoctorRequest, signal: AbortSignal): Promise<string> {
  const doing = "asking uv's version";
  const { stdout } = await uv({
    args: ["--version"],
    doing,
    cwd: workingDirectory,
    env: environment,
    signal,
    timeoutMs,
  });
  return stdout.toString().trim().replace(/^uv /, "");
}

async function pythonVersion(signal: AbortSignal): Promise<string> {
  const doing = "asking Python's version";
  const { stdout } = await execute({ command: "python3", args: ["--version"], doing, signal, timeoutMs });
  return stdout
    .toString()
    .trim()
    .replace(/^Python /, "");
}

/** The hosts that Docker has a login for; names only. */
async function registryLogins(): Promise<string> {
  const file = join(dockerConfigFolder(), "config.json");
  const config: unknown = JSON.parse(await readFile(file, "utf8").catch(() => "{}"));
  if (!isJsonObject(config)) throw new LaunchError("bad-config", `${file} is no JSON object`);
  const hosts = new Set<string>();
  for (const key of ["auths", "credHelpers"]) {
    const part = config[key];
    if (isJsonObject(part)) for (const host of Object.keys(part)) hosts.add(withoutCredentials(host));
  }
  const helper = typeof config["credsStore"] === "string" ? ` (helper ${config["credsStore"]})` : "";
  return hosts.size === 0 ? `none${helper}` : `${[...hosts].join(", ")}${helper}`;
}

async function writable({ path }: StateDirectory): Promise<string> {
  await mkdir(path, { recursive: true });
  await access(path, constants.W_OK);
  return path;
}

async function reachable(choice: StoreChoice, signal: AbortSignal): Promise<string> {
  const store = await choice.open();
  try {
    const runs = await store.list(1, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    return `${store.location}${runs.length === 0 ? ", no runs yet" : ""}`;
  } finally {
    await store.close();
  }
}

/** Each secret that the spec asks for: whether this place has it. Values are never shown. */
async function secretFindings({ draft, environment }: DoctorRequest): Promise<readonly Finding[]> {
  const wanted = Object.entries(draft?.spec.secrets ?? {});
  return Promise.all(
    wanted.map(async ([variable, name]) => {
      const places = draft?.config.secrets ?? {};
      const found = await probe(async () => {
        await resolveSecrets({ wanted: { [variable]: name }, given: {}, places, environment });
        return "has a value";
      });
      return { subject: `secret ${name}`, ...found, needed: `the variable ${variable}` };
    }),
  );
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
