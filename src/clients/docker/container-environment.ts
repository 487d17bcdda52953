import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LaunchError } from "../../core/errors.ts";
import { writeNamed } from "../../core/folders/write-named.ts";

/*
 * A container's variables on their way to `docker create`, off every command line. Most go by `--env-file /dev/stdin`, which is a file
 * without a name: it is unlinked before docker starts, so nothing can be left of it. An env-file takes one line a variable and 64 KiB
 * a line; what does not fit goes by `--env NAME`, for which docker takes the value from its own environment. That is why it is not the way
 * for all of them: a submitter's DOCKER_HOST, PATH or LD_PRELOAD would then be docker's.
 */
export type PassedEnvironment = {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly inputDescriptor: number | undefined;
  close(): Promise<void>;
};

const maxLineBytes = 60 * 1024;
/** What docker itself, Go's runtime or the loader reads. */
const readByDocker =
  /^(?:DOCKER|BUILDX|BUILDKIT|COMPOSE|OTEL|LD|DYLD|GO|SSH|SSL|XDG|LAUNCHD)_|^(?:GO[A-Z]+|PATH|HOME|USER|TMPDIR|TERM|SHELL|NO_COLOR|MALLOC_.*|GCONV_PATH|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES)$|_PROXY$/i;

export async function passEnvironment(values: Readonly<Record<string, string>>): Promise<PassedEnvironment> {
  const lines: string[] = [];
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    refuseUnusable(name, value);
    if (!/[\r\n]/.test(value) && Buffer.byteLength(value) < maxLineBytes) lines.push(`${name}=${value}\n`);
    else if (!readByDocker.test(name)) inherited[name] = value;
    else
      throw new LaunchError(
        "refused",
        `the variable ${name} can't have several lines, or more than ${maxLineBytes} bytes, in a container: docker reads it itself; use another name`,
      );
  }
  const byName = Object.keys(inherited).flatMap((name) => ["--env", name]);
  if (lines.length === 0)
    return { args: byName, env: inherited, inputDescriptor: undefined, close: () => Promise.resolve() };
  const file = await namelessFile(lines.join(""));
  return {
    args: ["--env-file", "/dev/stdin", ...byName],
    env: inherited,
    inputDescriptor: file.fd,
    close: () => file.close(),
  };
}

function refuseUnusable(name: string, value: string): void {
  if (!/^[^\s=#\0][^\s=\0]*$/.test(name))
    throw new LaunchError("refused", `"${name}" can't be the name of a variable in a container`);
  if (value.includes("\0"))
    throw new LaunchError("refused", `the variable ${name} holds a NUL character, which no process can be given`);
}

async function namelessFile(text: string): ReturnType<typeof open> {
  const folder = await mkdtemp(join(tmpdir(), "launch-env-"));
  try {
    const path = join(folder, "env");
    await writeNamed(path, text, { mode: 0o600 });
    return await open(path, "r");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
