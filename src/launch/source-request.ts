import { resolve } from "node:path";
import { LaunchError } from "../core/errors.ts";
import { type AllowedFolders, allowedUrl, specFolder } from "../sources/named-folder.ts";
import type { SourceRequest } from "../sources/source.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { LaunchSpec } from "../spec/launch-spec/launch-spec.ts";
import type { LaunchRequest } from "./services.ts";

/** `scheme://…`, or scp-like `user@host:path`: anything else is a folder. */
const remotePattern = /^(?:[a-z][a-z0-9+.-]*:\/\/|[\w.+-]+@[\w.-]+:)/i;

/** Folders of this machine that specs may name: the paths in `allow.sources`. */
export function allowedFolders({ allow }: LaunchConfig): AllowedFolders {
  return {
    folders: (allow.sources ?? []).filter((source) => source.startsWith("/")),
    byRuns: allow.mounts.filter((mount) => !mount.read_only).map(({ path }) => path),
  };
}

/** Which source a spec asks for. A relative folder is relative to `baseDirectory`. */
async function sourceRequestOf(request: LaunchRequest): Promise<SourceRequest> {
  const { spec, baseDirectory, includeUntracked } = request;
  const image = spec.docker.docker_image;
  if (image !== undefined) return { kind: "image", image };
  const remote = remoteOf(spec);
  if (remote !== undefined) {
    for (const url of [remote.url, remote.repository]) {
      if (url !== undefined && !request.sourceNamed) refuseUrl(url, request);
    }
    return remote;
  }
  const { uri = "." } = spec;
  const { version } = spec.git;
  const place = request.sourceNamed
    ? { directory: resolve(baseDirectory, uri) }
    : await specFolder(uri, { baseDirectory, allowed: allowedFolders(request.config) });
  return { kind: "checkout", ...place, includeUntracked, ...(version === undefined ? {} : { version }) };
}

function remoteOf(spec: LaunchSpec): Extract<SourceRequest, { readonly kind: "remote" }> | undefined {
  const { repo, version } = spec.git;
  if (spec.uri !== undefined && remotePattern.test(spec.uri)) {
    return { kind: "remote", url: spec.uri, version, ...(repo === undefined ? {} : { repository: repo }) };
  }
  return repo === undefined ? undefined : { kind: "remote", url: repo, version };
}

function refuseUrl(url: string, { config }: LaunchRequest): void {
  const allowance = allowedUrl(url, allowedFolders(config));
  if (allowance.kind === "allowed") return;
  throw new LaunchError(
    "refused",
    `the spec names the repository ${url} of this machine; ${allowance.why ?? "add its folder to allow.sources of the launch config"}, or name it yourself (--uri)`,
  );
}

/** Which source a launch is of. Throws `refused` for a folder of this machine that a spec may not name. */
export function sourceOf(request: LaunchRequest): Promise<SourceRequest> {
  return request.source === undefined ? sourceRequestOf(request) : Promise.resolve(request.source);
}
