import { parseToml, stringIn, stringsIn, tableIn, tablesIn } from "./toml.ts";

/** One package of a uv.lock. A name may be there more than once, for places that differ. */
export type LockedPackage = {
  readonly name: string;
  /** A project of the source itself has none where it is made up at its build. */
  readonly version: string | undefined;
  /** `own`: a project of the source itself. */
  readonly from: "own" | "repository" | "elsewhere";
  /** Markers of the places that it is for, any of them; none is everywhere. */
  readonly places: readonly string[];
  readonly dependencies: readonly { readonly name: string; readonly marker: string | undefined }[];
};

/** By the key that uv has for where a package is from; others are indexes and addresses. */
const origins: ReadonlyMap<string, LockedPackage["from"]> = new Map(
  Object.entries({ virtual: "own", editable: "own", directory: "own", git: "repository" } as const),
);

/** Throws `build-failed` for what is no TOML. */
export function readUvLock(text: string): readonly LockedPackage[] {
  return tablesIn(parseToml(text, "uv.lock"), "package").map((table) => {
    const source = tableIn(table, "source") ?? {};
    const [from = "elsewhere"] = Object.keys(source).flatMap((key) => origins.get(key) ?? []);
    return {
      name: stringIn(table, "name") ?? "",
      version: stringIn(table, "version"),
      from,
      places: stringsIn(table, "resolution-markers"),
      dependencies: tablesIn(table, "dependencies").map((each) => ({
        name: stringIn(each, "name") ?? "",
        marker: stringIn(each, "marker"),
      })),
    };
  });
}
