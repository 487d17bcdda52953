import type { LocalContainerArgs } from "./schema.ts";

/** The options of `docker create` that `resource_args` ask for, besides mounts, network and environment. */
export function optionsOf(args: LocalContainerArgs): readonly string[] {
  const options: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>> = {
    "add-host": args["add-host"],
    "cpu-period": args["cpu-period"],
    "cpu-quota": args["cpu-quota"],
    "cpu-shares": args["cpu-shares"],
    cpus: args.cpus,
    "cpuset-cpus": args["cpuset-cpus"],
    "cpuset-mems": args["cpuset-mems"],
    gpus: args.gpus === undefined ? undefined : gpuOption(String(args.gpus)),
    hostname: args.hostname,
    memory: sizeOption(args.memory ?? args.m),
    "memory-reservation": sizeOption(args["memory-reservation"]),
    "memory-swap": sizeOption(args["memory-swap"]),
    "pids-limit": args["pids-limit"],
    platform: args.platform,
    "read-only": args["read-only"],
    "shm-size": sizeOption(args["shm-size"]),
    tmpfs: args.tmpfs,
    ulimit: args.ulimit,
    user: args.user,
    workdir: args.workdir ?? args.w,
  };
  // One word for name and value: a value that starts with a dash stays a value.
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : listOf(value).map((item) => `--${name}=${String(item)}`),
  );
}

/** `env` and `e` of the args, by name. */
export function environmentOf(args: LocalContainerArgs): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const given of [args.e, args.env]) {
    if (given === undefined) continue;
    if (typeof given === "object" && !Array.isArray(given)) Object.assign(values, given);
    else
      for (const pair of listOf(given)) {
        const equals = pair.indexOf("=");
        values[pair.slice(0, equals)] = pair.slice(equals + 1);
      }
  }
  return values;
}

export function listOf<Value>(value: Value | readonly Value[] | undefined): readonly Value[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

function isList<Value>(value: Value | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value);
}

/** Docker reads the value as CSV, so a list of devices has to be quoted. */
function gpuOption(value: string): string {
  const plain = value.replaceAll('"', "");
  return plain.startsWith("device=") ? `"${plain}"` : plain;
}

/** Docker takes `8g` and `8gb`, but neither `8 g` nor `8GiB`. */
function sizeOption(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value).replace(/\s/g, "").replace(/ib$/i, "");
}
