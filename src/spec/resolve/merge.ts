import { type Fault, faultAt, formatOrigin } from "../reading/fault.ts";
import { type Entry, type Located, toJson } from "../reading/located.ts";

type Rule = (lower: Located, upper: Located) => Located;

/*
 * The one rule: mappings are merged key by key, and of anything else the upper layer's value takes the lower's place.
 * Within a layer nothing is above another, so two different values for one key are a fault.
 */
function combine(lower: Located, upper: Located, rule: Rule): Located {
  if (lower.kind !== "map" || upper.kind !== "map") return rule(lower, upper);
  const entries = new Map<string, Entry>(lower.entries);
  for (const [key, entry] of upper.entries) {
    const below = lower.entries.get(key);
    entries.set(key, below === undefined ? entry : { key: entry.key, value: combine(below.value, entry.value, rule) });
  }
  return { ...lower, entries };
}

/** Puts a layer over another. */
export function overlay(lower: Located | undefined, upper: Located): Located {
  return lower === undefined ? upper : combine(lower, upper, (_, value) => value);
}

/** Joins two parts of one layer; where they differ on a value, the first is kept and a fault is added. */
export function unite(first: Located | undefined, second: Located, faults: Fault[]): Located {
  if (first === undefined) return second;
  return combine(first, second, (a, b) => {
    if (JSON.stringify(toJson(a)) === JSON.stringify(toJson(b))) return a;
    faults.push(
      faultAt({
        origin: b.origin,
        path: b.path,
        message: `${b.path} contradicts ${a.path === b.path ? "" : `${a.path} at `}${formatOrigin(a.origin)}: ${shown(a)} there, ${shown(b)} here; keep one`,
      }),
    );
    return a;
  });
}

/** Adds a list's items to the end of what is there. */
export function append(lower: Located | undefined, items: Located): Located {
  if (lower?.kind !== "list" || items.kind !== "list") return items;
  return { ...lower, items: [...lower.items, ...items.items] };
}

function shown(value: Located): string {
  const text = JSON.stringify(toJson(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
