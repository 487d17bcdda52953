import { parseToml, stringIn, stringsIn, tableIn, tablesIn } from "./toml.ts";

/** One package of a uv.lock. A name may be there more than once, for places that differ. */
export type LockedPackage = {
  readonly name: string;
  /** A project of the source itself has none where it is made up at its build. */
  readonly version: string | undefined;
  /** `own`: a project of the source itself. */
  readonly from: "own" | "git" | "elsewhere";
  /** Markers of the places that it is for, any of them; none is everywhere. */
  readonly places: readonly string[];
  readonly dependencies: readonly { readonly name: string; readonly marker: string | undefined }[];
};

/** Throws `build-failed` for what is no TOML. */
export function readUvLock(text: string): readonly LockedPackage[] {
  return tablesIn(parseToml(text, "uv.lock"), "package").map((table) => {
    const source = tableIn(table, "source") ?? {};
    const isOwn = ["virtual", "editable", "directory"].some((key) => key in source);
    return {
      name: stringIn(table, "name") ?? "",
      version: stringIn(table, "version"),
      from: isOwn ? "own" : "git" in source ? "git" : "elsewhere",
      places: stringsIn(table, "resolution-markers"),
      dependencies: tablesIn(table, "dependencies").map((each) => ({
        name: stringIn(each, "name") ?? "",
        marker: stringIn(each, "marker"),
      })),
    };
  });
}
