import { resolve } from "node:path";
import type { SourceRequest } from "../sources/source.ts";
import type { LaunchSpec } from "../spec/launch-spec/launch-spec.ts";
import type { LaunchRequest } from "./services.ts";

/** `scheme://…`, or scp-like `user@host:path`: anything else is a folder. */
const remotePattern = /^(?:[a-z][a-z0-9+.-]*:\/\/|[\w.+-]+@[\w.-]+:)/i;

/** Which source a spec asks for. A relative folder is relative to `baseDirectory`. */
function sourceRequestOf(spec: LaunchSpec, baseDirectory: string, includeUntracked: boolean): SourceRequest {
  const image = spec.docker.docker_image;
  if (image !== undefined) return { kind: "image", image };
  const { repo, version } = spec.git;
  if (spec.uri !== undefined && remotePattern.test(spec.uri)) {
    return { kind: "remote", url: spec.uri, version, ...(repo === undefined ? {} : { repository: repo }) };
  }
  if (repo !== undefined) return { kind: "remote", url: repo, version };
  return {
    kind: "checkout",
    directory: resolve(baseDirectory, spec.uri ?? "."),
    includeUntracked,
    ...(version === undefined ? {} : { version }),
  };
}

/** Which source a launch is of. */
export function sourceOf({ source, spec, baseDirectory, includeUntracked }: LaunchRequest): SourceRequest {
  return source ?? sourceRequestOf(spec, baseDirectory, includeUntracked);
}
