import { LaunchError } from "../../../src/core/errors.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";

type Fault = (verb: string) => void;

/** The same store, with faults before a verb does anything, after it did, or instead of it. */
export function withFaults(
  store: WholeStore,
  before?: Fault,
  after?: Fault,
  refuses?: (verb: string) => boolean,
): WholeStore {
  return new Proxy(store, {
    get(target, verb: string) {
      const member: unknown = Reflect.get(target, verb);
      if (typeof member !== "function") return member;
      return async (...args: readonly unknown[]) => {
        before?.(verb);
        if (refuses?.(verb) === true) throw new LaunchError("store-failed", "connection refused");
        const result: unknown = await Reflect.apply(member, target, args);
        after?.(verb);
        return result;
      };
    },
  });
}
