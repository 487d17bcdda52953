import { totalmem } from "node:os";
import type { LocalContainerArgs } from "./schema.ts";

/*
 * What a container has at /dev/shm. Docker's own 64 MiB is too little for the workers of a data loader, which end by SIGBUS; half of memory is
 * what Linux gives a machine (tmpfs(5), size=50%).
 */

const units = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/** `--shm-size` of a run that asks for none: half of the memory that it may have, in bytes. */
export function sharedMemoryOption(args: LocalContainerArgs): readonly string[] {
  if (args["shm-size"] !== undefined) return [];
  const limit = bytesOf(args.memory ?? args.m);
  const machine = totalmem();
  return [`--shm-size=${Math.floor(Math.min(limit ?? machine, machine) / 2)}`];
}

function bytesOf(size: string | number | undefined): number | undefined {
  const [, number = "", unit = "b"] = /^([\d.]+)\s?([bkmgt])?/i.exec(String(size ?? "")) ?? [];
  if (number === "") return undefined;
  return Number(number) * units[unit.toLowerCase() as keyof typeof units];
}

/** 128 + SIGBUS, as a shell and an init tell it (signal(7), x86 and ARM). */
export const busError = 135;

/** What a program with such an end most often lacked. */
export const busErrorWords = `exit code ${busError}: it was ended by SIGBUS, as by a full /dev/shm; raise shm-size in resource_args.local-container, or let it share less (a data loader's num_workers)`;
