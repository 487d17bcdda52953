import { z } from "zod";

/*
 * `resource_args.local-container`: options of `docker run` by their long names (and W&B's short ones). An error text is a noun phrase:
 * it is shown as "PATH must be PHRASE, not VALUE". What a run has anyway, and what would give it the host, is named with its reason.
 */

/** One argument's worth of text. */
const text = z.string().regex(/^[^\p{Cc}]+$/u, "one line of text");
const texts = z.union([text, z.array(text)], "one line of text, or a list of them");
/** A number, or text of its own form. The phrase stands on each: a text that only breaks its form is answered by its own branch. */
const numberOr = (number: z.ZodNumber, form: RegExp, phrase: string) =>
  z.union([number, z.string().regex(form, phrase)], phrase);
const count = numberOr(z.int(), /^-?\d+$/, "a whole number");
const positive = numberOr(z.number().positive(), /^\d+(?:\.\d+)?$/, "a number over 0, such as 2 or 0.5");
const size = numberOr(
  z.int().positive(),
  /^\d+(?:\.\d+)?\s?(?:[bkmgtBKMGT]|[kmgtKMGT]i?[bB])?$/,
  "a number of bytes, or a size such as 512m or 8g",
);
const cpuList = numberOr(z.int().min(0), /^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/, "numbers such as 0-3 or 0,2");
const flag = z.union([z.boolean(), z.enum(["true", "false"])], "true or false");
const gpus = numberOr(
  z.int().positive(),
  /^"?(?:all|\d+|device=[\w:.-]+(?:,[\w:.-]+)*)"?$/,
  "all, a number, or device=0,1",
);
const platform = z.string().regex(/^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9]+)?$/, "a platform such as linux/amd64");

/** `LAUNCH_*` say who and where a run is: they are the launcher's alone, as in `env` of the spec. */
const variable = z
  .string()
  .regex(
    /^(?!LAUNCH_)[A-Za-z_][A-Za-z0-9_.-]*=/,
    "NAME=VALUE with a name that doesn't start with LAUNCH_; secrets and other variables go to secrets and env of the spec",
  );
const environment = z.union(
  [z.record(z.string().regex(/^(?!LAUNCH_)[A-Za-z_][A-Za-z0-9_.-]*$/), z.string()), z.array(variable), variable],
  "NAME: VALUE pairs, NAME=VALUE, or a list of that, with names that don't start with LAUNCH_",
);

const allowed = {
  "add-host": texts.optional(),
  "cpu-period": count.optional(),
  "cpu-quota": count.optional(),
  "cpu-shares": count.optional(),
  cpus: positive.optional(),
  "cpuset-cpus": cpuList.optional(),
  "cpuset-mems": cpuList.optional(),
  e: environment.optional(),
  env: environment.optional(),
  gpus: gpus.optional(),
  hostname: text.optional(),
  m: size.optional(),
  memory: size.optional(),
  "memory-reservation": size.optional(),
  "memory-swap": z.union([size, z.literal([-1, "-1"])], "a size such as 8g, or -1 for no limit").optional(),
  mount: texts.optional(),
  network: text.optional(),
  "pids-limit": count.optional(),
  platform: platform.optional(),
  "read-only": flag.optional(),
  "shm-size": size.optional(),
  tmpfs: texts.optional(),
  ulimit: texts.optional(),
  user: z.union([text, z.int().min(0)], "a user's name or number").optional(),
  volume: texts.optional(),
  w: text.optional(),
  workdir: text.optional(),
};

const hostReason = "it gives a run power over this machine";
const leftOut = (reason: string): z.ZodOptional<z.ZodNever> => z.never(`left out (${reason})`).optional();

/** Options that people know from `docker run` and will try. */
const refused = {
  "cap-add": leftOut(hostReason),
  command: leftOut("it is overrides.entry_point and overrides.args"),
  cpu: leftOut("it is cpus"),
  detach: leftOut("a run is followed to its end"),
  device: leftOut(`${hostReason}; for GPUs there is gpus`),
  entrypoint: leftOut("it is overrides.entry_point"),
  "env-file": leftOut("the file would be this machine's; use env and secrets of the spec"),
  init: leftOut("a run always has it"),
  ipc: leftOut("it shares this machine's memory; for more shared memory there is shm-size"),
  name: leftOut("it is made from the run id, so that the run can be found again"),
  pid: leftOut("it shows this machine's processes to the run"),
  privileged: leftOut(hostReason),
  publish: leftOut("it opens ports of this machine"),
  restart: leftOut("a run ends when its process does"),
  rm: leftOut("a run's container is always removed"),
  runtime: leftOut(`${hostReason}; for GPUs there is gpus`),
  "security-opt": leftOut(hostReason),
  v: leftOut("it is volume"),
  "volumes-from": leftOut("it reaches into other containers; use volume"),
};

/** `volume`, `mount` and `network` are held against what the launch config allows when the run is prepared. */
export const localContainerArgsSchema = z.strictObject({ ...allowed, ...refused });
export type LocalContainerArgs = Readonly<z.output<typeof localContainerArgsSchema>>;
