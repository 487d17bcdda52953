import { parseImageReference } from "../core/image-reference.ts";
import { LaunchError } from "../core/errors.ts";
import { aptPackages } from "./apt-packages.ts";
import { nodeDockerfile, isNodeProject } from "./node-dockerfile.ts";
import { pythonDependencies, type PythonDependencies } from "./python-dependencies.ts";
import { pythonVersion } from "./python-version.ts";
import type { SourceFolder } from "./source-folder.ts";

/** From PyPI, not from uv's own image: a place that can build with pip at all can reach it. */
const uvVersion = "0.13.9";

export type GeneratedDockerfile = {
  readonly text: string;
  /** Lines for the log: which version, which dependency file, what is not used. */
  readonly notes: readonly string[];
};

export type GenerateRequest = {
  readonly folder: SourceFolder;
  /** As it is called inside the folder. */
  readonly entryPoint: readonly string[] | undefined;
  readonly userId: number;
  readonly baseImage: string | undefined;
};

/**
 * A Dockerfile for code that has none. Every layer before the last depends on the files that list dependencies alone, so a
 * change of code copies code and installs nothing. No `# syntax` line: what it uses is in every BuildKit since 2022, and
 * fetching a frontend would need Docker Hub. The command isn't baked in: it is given at run.
 */
export async function generateDockerfile(request: GenerateRequest): Promise<GeneratedDockerfile> {
  const { folder } = request;
  if (!Number.isInteger(request.userId) || request.userId < 0) {
    throw new LaunchError("bad-spec", `docker.user_id must be a whole number from 0, not ${request.userId}`);
  }
  if (request.baseImage !== undefined && parseImageReference(request.baseImage) === undefined) {
    throw new LaunchError("bad-spec", `base image "${request.baseImage}" is not an image reference`);
  }
  const apt = aptPackages(await folder.read("apt.txt"));
  const dependencies = await pythonDependencies(folder);
  if (dependencies.kind === "none" && isNodeProject(folder, request.entryPoint)) {
    return nodeDockerfile({ ...request, prepare: prepareSteps(request.userId, apt), last: codeSteps(request.userId) });
  }
  const winner = dependencies.kind === "uv-lock" ? "uv.lock" : (dependencies.files[0] ?? "");
  const unused = dependencies.unused.map((file) => `${file} is not used: ${winner} wins`);
  if (dependencies.kind === "conda") return { text: condaText(request, dependencies, apt), notes: unused };
  const python = await pythonVersion(folder);
  const text = pythonText(request, { version: python.version, dependencies, apt });
  return { text, notes: [`Python ${python.version} from ${python.from}`, ...unused] };
}

type PythonSteps = {
  readonly version: string;
  readonly dependencies: PythonDependencies;
  /** System packages. */
  readonly apt: readonly string[];
};

function pythonText(request: GenerateRequest, { version, dependencies, apt }: PythonSteps): string {
  const { files } = request.folder;
  const slim = `python:${version}-slim`;
  const base = request.baseImage ?? slim;
  const packages = dependencies.needsGit && !apt.includes("git") ? [...apt, "git"] : apt;
  const hasSrcLayout = files.has("pyproject.toml") && [...files].some((file) => /^src\/.+\.py$/.test(file));
  const environment = [
    "PYTHONUNBUFFERED=1",
    ...(dependencies.kind === "none" ? [] : ["VIRTUAL_ENV=/opt/venv", "PATH=/opt/venv/bin:$PATH"]),
    ...(hasSrcLayout ? ["PYTHONPATH=/app/src"] : []),
  ];
  const lines = [
    ...(dependencies.kind === "none" ? [] : uvStage(isPython(base) ? base : slim)),
    `FROM ${base}`,
    `ENV ${environment.join(" \\\n    ")}`,
    ...prepareSteps(request.userId, packages),
    ...(dependencies.kind === "none" ? [] : installSteps(version, dependencies)),
    ...codeSteps(request.userId),
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * Whether a base image is Python's own, or a mirror or a variant of it: then it gets uv by itself, and no other image is needed. What
 * another one holds is only known once it is run (CUDA's have no Python), so those get uv by the slim image.
 */
function isPython(image: string): boolean {
  return parseImageReference(image)?.repository.split("/").at(-1) === "python";
}

/** uv in a stage of its own: it is mounted where it is needed and is in no image. */
function uvStage(image: string): readonly string[] {
  return [
    `FROM ${image} AS uv`,
    "RUN --mount=type=cache,target=/root/.cache/pip \\",
    `    pip install --disable-pip-version-check --root-user-action=ignore --target=/opt/uv uv==${uvVersion}`,
    "",
  ];
}

const uvMounts = [
  "--mount=type=bind,from=uv,source=/opt/uv,target=/opt/uv",
  "--mount=type=cache,target=/root/.cache/uv",
];

function installSteps(version: string, dependencies: PythonDependencies): readonly string[] {
  // Byte code is made here, where it can be written, and checked by hash: a rewritten file time doesn't make it stale.
  const settings = "UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 PYC_INVALIDATION_MODE=UNCHECKED_HASH";
  const python = "UV_PYTHON_INSTALL_DIR=/opt/python";
  const [main = ""] = dependencies.files;
  const venv = `RUN ${uvMounts.join(" \\\n    ")} \\\n    ${python} /opt/uv/bin/uv venv --python ${version} /opt/venv`;
  const bound = dependencies.needsCode
    ? ["--mount=type=bind,target=/app,rw"]
    : dependencies.files.map((file) => `--mount=type=bind,source=${file},target=/app/${file}`);
  const command =
    dependencies.kind === "uv-lock"
      ? "UV_PROJECT_ENVIRONMENT=/opt/venv /opt/uv/bin/uv sync --frozen --no-dev --no-install-workspace"
      : `/opt/uv/bin/uv pip install --python /opt/venv/bin/python -r ${main}`;
  const why = dependencies.needsCode
    ? [`# ${main} needs the project's own folders, so this step runs again when code changes; downloads are kept.`]
    : [];
  return [
    venv,
    ...why,
    `RUN ${[...uvMounts, ...bound].join(" \\\n    ")} \\\n    ${python} ${settings} \\\n    ${command}`,
  ];
}

/** What no change of code or dependencies touches: the user, the folder it may write to, system packages. */
function prepareSteps(userId: number, apt: readonly string[]): readonly string[] {
  return [
    // Written by hand: useradd puts today's date into /etc/shadow, and some images don't have it.
    `RUN mkdir -p /app && chown ${userId}:${userId} /app \\`,
    ` && if ! getent passwd ${userId} >/dev/null; then \\`,
    `      echo 'launch:x:${userId}:${userId}::/home/launch:/bin/sh' >>/etc/passwd \\`,
    `   && { getent group ${userId} >/dev/null || echo 'launch:x:${userId}:' >>/etc/group; } \\`,
    `   && mkdir -p /home/launch && chown ${userId}:${userId} /home/launch; fi`,
    ...(apt.length === 0 ? [] : aptStep(apt)),
    "WORKDIR /app",
  ];
}

function aptStep(packages: readonly string[]): readonly string[] {
  return [
    "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\",
    "    --mount=type=cache,target=/var/lib/apt,sharing=locked \\",
    "    rm -f /etc/apt/apt.conf.d/docker-clean \\",
    " && apt-get update \\",
    ` && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages.join(" ")} \\`,
    " && rm -rf /var/log/apt /var/log/dpkg.log /var/cache/ldconfig/aux-cache",
  ];
}

function codeSteps(userId: number): readonly string[] {
  return [`COPY --chown=${userId}:${userId} . /app`, `USER ${userId}:${userId}`];
}

/** conda's packages through micromamba, into its base environment. Its own entry point activates it; PATH does without. */
function condaText(request: GenerateRequest, dependencies: PythonDependencies, apt: readonly string[]): string {
  const [file = "environment.yml"] = dependencies.files;
  const lines = [
    `FROM ${request.baseImage ?? "mambaorg/micromamba:2"}`,
    "ENV PYTHONUNBUFFERED=1 \\\n    PATH=/opt/conda/bin:$PATH",
    "USER root",
    ...prepareSteps(request.userId, apt),
    `RUN --mount=type=bind,source=${file},target=/tmp/${file} \\`,
    "    --mount=type=cache,target=/opt/conda/pkgs \\",
    `    micromamba install --yes --name base --file /tmp/${file}`,
    ...codeSteps(request.userId),
    "ENTRYPOINT []",
  ];
  return `${lines.join("\n")}\n`;
}
