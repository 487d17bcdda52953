import { LaunchError } from "../../core/errors.ts";
import { execute } from "../../core/process.ts";
import { countOf, type Slots } from "../../queues/order.ts";
import type { SlotAmount } from "../request.ts";

/** What a run holds of the machine: a slot's name → its devices, or as many anonymous ones. */
export type Holding = Readonly<Record<string, readonly string[]>>;

/** What runs share of this machine. */
export type SlotPool = {
  readonly total: Slots;
  free(): Slots;
  /** Undefined when not all of it is free. */
  take(wanted: Slots): Holding | undefined;
  /** Of a run that holds these already; what of it another has is left out. */
  takeOver(held: Holding): Holding;
  give(held: Holding): void;
};

export function slotPool(amounts: Readonly<Record<string, readonly string[]>>): SlotPool {
  const rest = new Map(Object.entries(amounts).map(([name, units]) => [name, [...units]]));
  const freeOf = (name: string): number => rest.get(name)?.length ?? 0;
  return {
    total: countsOf(amounts),
    free: () => Object.fromEntries([...rest].map(([name, units]) => [name, units.length])),
    take: (wanted) => {
      if (Object.entries(wanted).some(([name, count]) => count > freeOf(name))) return undefined;
      const held = Object.entries(wanted).map(
        ([name, count]) => [name, rest.get(name)?.splice(0, count) ?? []] as const,
      );
      return Object.fromEntries(held);
    },
    takeOver: (held) =>
      Object.fromEntries(
        Object.entries(held).map(([name, units]) => {
          const free = rest.get(name) ?? [];
          const own = units.filter((unit) => free.includes(unit));
          rest.set(
            name,
            free.filter((unit) => !own.includes(unit)),
          );
          return [name, own];
        }),
      ),
    give: (held) => {
      for (const [name, units] of Object.entries(held)) {
        const order = Object.hasOwn(amounts, name) ? (amounts[name] ?? []) : [];
        const all = [...(rest.get(name) ?? []), ...units];
        rest.set(
          name,
          all.sort((a, b) => order.indexOf(a) - order.indexOf(b)),
        );
      }
    },
  };
}

function countsOf(amounts: Readonly<Record<string, readonly string[]>>): Slots {
  return Object.fromEntries(Object.entries(amounts).map(([name, units]) => [name, units.length]));
}

/** The slots of this machine by name. GPUs are counted by the driver's own tool; without one there are none. */
export async function slotsOfMachine(
  amounts: Readonly<Record<string, SlotAmount>>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const units: Record<string, readonly string[]> = {};
  for (const [name, amount] of Object.entries(amounts)) {
    if (amount === "auto" && name !== "gpu") {
      throw new LaunchError("bad-config", `slots.${name}: only gpu can be auto; give the number of them`);
    }
    const count = amount === "auto" ? await countGpus(signal) : amount;
    units[name] = typeof count === "number" ? Array.from({ length: count }, (_, index) => String(index)) : count;
  }
  return units;
}

const listTimeoutMs = 30_000;

async function countGpus(signal: AbortSignal): Promise<number> {
  try {
    const { exitCode, stdout } = await execute({
      command: "nvidia-smi",
      args: ["-L"],
      doing: "counting GPUs",
      signal,
      timeoutMs: listTimeoutMs,
    });
    return exitCode === 0 ? (stdout.toString().match(/^GPU \d+:/gm)?.length ?? 0) : 0;
  } catch (error) {
    if (error instanceof LaunchError && error.code === "tool-missing") return 0;
    throw error;
  }
}

/** Why a run that asks for this can never start here, in words; undefined when it can. */
export function tooMuch(wanted: Slots, total: Slots): string | undefined {
  const over = Object.entries(wanted).find(([name, count]) => count > countOf(total, name));
  if (over === undefined) return undefined;
  const [name, count] = over;
  return `it asks for ${count} of the slot "${name}", and no agent of its queue has more than ${countOf(total, name)}; ask for fewer, or give an agent more in \`slots\` of its launch config`;
}
