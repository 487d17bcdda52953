import { posix } from "node:path";
import { LaunchError } from "../../core/errors.ts";
import type { ResourceContext } from "../resource.ts";
import { allowedFolder } from "./allowed-folders.ts";
import { listOf } from "./options.ts";
import type { LocalContainerArgs } from "./schema.ts";

export type BindMount = { readonly source: string; readonly target: string; readonly readOnly: boolean };

/** Where a run finds its output folder and, when an image has no code of its own, its source. */
export const outputTarget = "/launch/output";
export const sourceTarget = "/workspace";
const isReserved = (target: string): boolean =>
  ["/", sourceTarget].includes(target) || /^\/launch(?:\/|$)/.test(target);

/** A bind mount as docker's `--mount` reads it: CSV, in which a path may hold a comma. */
export function mountOption({ source, target, readOnly }: BindMount): string {
  const fields = ["type=bind", `source=${source}`, `target=${target}`, ...(readOnly ? ["readonly"] : [])];
  return `--mount=${fields.map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",")}`;
}

/** `network` as an option, when the launch config allows it. */
export function networkOptions(args: LocalContainerArgs, context: ResourceContext): readonly string[] {
  const { network } = args;
  if (network === undefined) return [];
  if (network === "none" || network === "bridge" || context.networks.includes(network)) return [`--network=${network}`];
  throw new LaunchError(
    "refused",
    `network "${network}": the launch config allows ${["none", "bridge", ...context.networks].join(", ")}; add it to allow.network`,
  );
}

/** `volume` and `mount` as bind mounts inside the folders that the launch config allows. Throws `refused`. */
export function mountsOf(args: LocalContainerArgs, context: ResourceContext): readonly BindMount[] {
  return [...listOf(args.volume).map(parseVolume), ...listOf(args.mount).map(parseMount)].map((asked) =>
    allowedMount(asked, context),
  );
}

type Asked = {
  readonly source: string;
  readonly target: string;
  /** Undefined when nothing was said of it. */
  readonly readOnly: boolean | undefined;
  readonly written: string;
};

function parseVolume(written: string): Asked {
  const [source = "", target = "", mode, ...rest] = written.split(":");
  const modes: Readonly<Record<string, boolean>> = { ro: true, rw: false };
  const readOnly = mode === undefined ? undefined : modes[mode];
  if (rest.length > 0 || (mode !== undefined && readOnly === undefined))
    throw refusal(written, "write it as /folder/here:/folder/inside, with :ro or :rw");
  return { source, target, readOnly, written };
}

function parseMount(written: string): Asked {
  const fields = new Map<string, string>();
  for (const field of written.split(",")) {
    const equals = field.indexOf("=");
    fields.set(equals < 0 ? field : field.slice(0, equals), equals < 0 ? "true" : field.slice(equals + 1));
  }
  const take = (...names: readonly string[]): string | undefined => {
    const name = names.find((each) => fields.has(each));
    const value = name === undefined ? undefined : fields.get(name);
    if (name !== undefined) fields.delete(name);
    return value;
  };
  const type = take("type");
  if (type !== undefined && type !== "bind")
    throw refusal(written, `type=${type} is not bind; for tmpfs there is tmpfs`);
  const source = take("source", "src") ?? "";
  const target = take("target", "destination", "dst") ?? "";
  const flag = take("readonly", "ro");
  if (fields.size > 0) throw refusal(written, `${[...fields.keys()].join(", ")} can't be set`);
  return { source, target, readOnly: flag === undefined ? undefined : flag !== "false" && flag !== "0", written };
}

function allowedMount({ source, target, readOnly, written }: Asked, context: ResourceContext): BindMount {
  if (!source.startsWith("/")) throw refusal(written, "name a folder of this machine by its absolute path");
  if (!/^\/./.test(target)) throw refusal(written, "the place inside must be an absolute path");
  if (isReserved(posix.join("/", target, ".").replace(/(?<=.)\/$/, "")))
    throw refusal(written, `${target} is the launcher's own place`);
  const found = allowedFolder(source, context);
  if (found.kind === "refused") throw refusal(written, found.why);
  if (found.readOnly && readOnly === false)
    throw refusal(written, `the launch config allows ${found.configured} for reading only; write :ro`);
  return { source: found.path, target, readOnly: found.readOnly || readOnly === true };
}

function refusal(written: string, why: string): LaunchError {
  return new LaunchError("refused", `resource_args.local-container: the mount "${written}" is refused: ${why}`);
}
