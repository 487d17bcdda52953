import { LaunchError } from "../core/errors.ts";
import type { GeneratedDockerfile, GenerateRequest } from "./generated-dockerfile.ts";
import { scriptOf, type SourceFolder } from "./source-folder.ts";

/** The newest line of Node with long-term support. */
const defaultNode = "24";

/** A script that Node runs, or a package.json without any Python beside it. */
export function isNodeProject(folder: SourceFolder, entryPoint: readonly string[] | undefined): boolean {
  const script = scriptOf(folder, entryPoint)?.path;
  if (script !== undefined && /\.[cm]?[jt]s$/.test(script)) return true;
  if (script?.endsWith(".py") === true) return false;
  return folder.files.has("package.json") && ![...folder.files].some((file) => file.endsWith(".py"));
}

type NodeRequest = GenerateRequest & { readonly prepare: readonly string[]; readonly last: readonly string[] };

/** Node's counterpart of the Python Dockerfile: npm's dependencies first, code last. */
export async function nodeDockerfile(request: NodeRequest): Promise<GeneratedDockerfile> {
  const { folder } = request;
  const written = (await folder.read(".node-version")) ?? (await folder.read(".nvmrc"));
  const version = /^\s*v?(\d{2})(?:\.|\s|$)/.exec(written ?? "")?.[1] ?? defaultNode;
  const lines = [
    `FROM ${request.baseImage ?? `node:${version}-slim`}`,
    ...request.prepare,
    ...npmSteps(folder, (await folder.read("package.json")) ?? "{}"),
    ...request.last,
  ];
  return { text: `${lines.join("\n")}\n`, notes: [`Node ${version}`] };
}

function npmSteps(folder: SourceFolder, packageJson: string): readonly string[] {
  const other = ["yarn.lock", "pnpm-lock.yaml", "bun.lock"].find((file) => folder.files.has(file));
  const cache = "RUN --mount=type=cache,target=/root/.npm \\\n    ";
  if (folder.files.has("package-lock.json")) {
    return ["COPY package.json package-lock.json ./", `${cache}npm ci --omit=dev`];
  }
  if (!/"(?:optionalD|d)ependencies"\s*:\s*\{\s*"/.test(packageJson)) return [];
  if (other !== undefined) {
    throw new LaunchError(
      "build-failed",
      `the source has ${other}, and a generated Dockerfile installs with npm only; add a Dockerfile, or a package-lock.json`,
    );
  }
  return ["COPY package.json ./", `${cache}npm install --omit=dev --no-package-lock`];
}
