import { LaunchError } from "../core/errors.ts";

/*
 * What in a Dockerfile has the builder itself fetch something, from wherever the builder can reach: `allow.build_network: false` of the launch
 * config refuses it. The file is read more widely than BuildKit reads it, as lines, whatever they belong to: a line that only looks like
 * such an instruction is refused too, and none that is one is missed.
 */

/** Frontends that know no other ways to the network. */
const knownFrontend = /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/;

/** Throws `refused` for a Dockerfile that has the builder fetch what is no image. */
export function refuseNetwork(dockerfile: string, origin: string): void {
  const found = frontendFault(dockerfile) ?? addFault(dockerfile);
  if (found === undefined) return;
  throw new LaunchError(
    "refused",
    `${origin}: ${found}, and the launch config doesn't allow that (allow.build_network: false)`,
  );
}

/** BuildKit lets a file name the program that reads it: in a comment of either kind, or as JSON. */
function frontendFault(dockerfile: string): string | undefined {
  const text = dockerfile.replace(/^\uFEFF/, "");
  if (/^\s*\{/.test(text)) return "it is JSON, which another frontend reads";
  for (const [, name = ""] of text.matchAll(/^[^\S\n]*(?:#|\/\/)[^\S\n]*syntax[^\S\n]*=[^\S\n]*(.*)$/gim)) {
    if (!knownFrontend.test(name.trim())) return `the frontend ${JSON.stringify(name.trim())} may fetch anything`;
  }
  return undefined;
}

function addFault(dockerfile: string): string | undefined {
  const lines = dockerfile.split(/\r?\n/);
  // Each line on its own too, for one that is joined here and isn't there.
  for (const line of [...joined(lines, lines), ...lines.flatMap((_line, at) => joined(lines.slice(at), [""]))]) {
    const [, rest] = /^\s*(?:ONBUILD\s+)*ADD\s+(.*)$/is.exec(line) ?? [];
    if (rest === undefined) continue;
    const remote = sourcesOf(rest).find((source) => source.includes("$") || remotePattern.test(source));
    if (remote === undefined) continue;
    return remote.includes("$")
      ? `ADD ${remote} may be fetched, as its variables say; COPY never is`
      : `ADD ${remote} is fetched by the builder`;
  }
  return undefined;
}

/** A scheme, a host as git writes it, or GitHub's name alone. */
const remotePattern = /^(?:[a-z][a-z0-9+.-]*:\/\/|[^\s/:@]+@[^\s/:]+:|github\.com\/)/i;

/** Instructions with the lines that continue them, by either escape character; as many as `until` has lines. */
function joined(lines: readonly string[], until: readonly string[]): readonly string[] {
  const whole: string[] = [];
  let open: string | undefined;
  for (const line of lines) {
    // Within an instruction, blank lines and comments count for nothing.
    if (open !== undefined && /^\s*(?:#.*)?$/.test(line)) continue;
    const ended = line.replace(/[\\`]\s*$/, "");
    open = (open ?? "") + ended;
    if (ended !== line) continue;
    whole.push(open);
    open = undefined;
    if (whole.length >= until.length) break;
  }
  return open === undefined ? whole : [...whole, open];
}

/** All words but the flags, also the target: as JSON or as words, without quotes and escapes. */
function sourcesOf(rest: string): readonly string[] {
  const text = rest.replace(/^(?:--\S+\s+)*/, "");
  const words = text.split(/\s+/).map((word) => word.replace(/["'\\`]/g, ""));
  return [...words, ...jsonWords(text)];
}

function jsonWords(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  } catch {
    return [];
  }
}
