import { evaluateMarker, type MarkerEnvironment } from "./markers.ts";
import { readPyproject } from "./pyproject.ts";
import { parseRequirement, type Requirement } from "./requirement.ts";
import { type IncludedFile, readRequirementsFile, type RequirementFile } from "./requirements-file.ts";
import { readUvLock } from "./uv-lock.ts";
import { fits } from "./version-range.ts";

/** The file that says what a Python project needs, and those that it includes. */
export type Requirements = {
  readonly kind: "uv.lock" | "pyproject.toml" | "requirements";
  readonly main: RequirementFile;
  readonly included: readonly IncludedFile[];
};

/** One package that files ask for, somewhere. */
export type ListedPackage = {
  readonly name: string;
  /** `==1.2`, `>=1,<2`; "" for any version. */
  readonly specifier: string;
  /** Markers of the places that it is for, any of them; none is everywhere. */
  readonly places: readonly string[];
  /** Where it has to be: any of these markers, undefined for everywhere. None for what only another package needs. */
  readonly expectedIn: readonly (string | undefined)[];
};

/** One package that is asked for in an environment. */
export type WantedPackage = Pick<ListedPackage, "name" | "specifier"> & {
  /** False for what may rightly be absent: it has a marker that is not known to hold, or is something that another package needs. */
  readonly expected: boolean;
};

/**
 * The packages that these files ask for, by the names under which Python knows them. Throws `build-failed` for a file that is no TOML
 * and should be.
 */
export function listPackages({ kind, main, included }: Requirements): readonly ListedPackage[] {
  if (kind === "uv.lock") return lockedPackages(main.text);
  const requirements =
    kind === "pyproject.toml"
      ? readPyproject(main.text).dependencies.flatMap((text) => parseRequirement(text) ?? [])
      : [main, ...included.filter(({ isConstraint }) => !isConstraint)].flatMap(({ text }) => requirementsOf(text));
  return requirements.flatMap(({ name, specifier, marker }) => {
    const places = marker === undefined ? [] : [marker];
    return name === undefined ? [] : [{ name, specifier, places, expectedIn: [marker] }];
  });
}

function requirementsOf(text: string): readonly Requirement[] {
  return readRequirementsFile(text).flatMap((line) => (line.kind === "requirement" ? [line.requirement] : []));
}

function lockedPackages(text: string): readonly ListedPackage[] {
  const locked = readUvLock(text);
  const direct = locked.filter(({ from }) => from === "own").flatMap(({ dependencies }) => dependencies);
  return locked.flatMap(({ name, version, from, places }) => {
    if (from === "own" || version === undefined) return [];
    const expectedIn = direct.filter((each) => each.name === name).map(({ marker }) => marker);
    return [{ name, specifier: `==${version}`, places, expectedIn }];
  });
}

/** Those that are asked for in one environment; where nothing is known of it, no marker is known to hold or not to. */
export function wantedIn(packages: readonly ListedPackage[], environment: MarkerEnvironment): readonly WantedPackage[] {
  const holds = (marker: string | undefined): boolean | undefined =>
    marker === undefined || evaluateMarker(marker, environment);
  return packages.flatMap(({ name, specifier, places, expectedIn }) => {
    if (places.length > 0 && places.every((marker) => holds(marker) === false)) return [];
    return [{ name, specifier, expected: expectedIn.some((marker) => holds(marker) === true) }];
  });
}

/** Each package that is absent, or there in a version that was not asked for, in words. */
export function differencesOf(
  wanted: readonly WantedPackage[],
  installed: ReadonlyMap<string, unknown>,
): readonly string[] {
  return wanted.flatMap(({ name, specifier, expected }) => {
    const version = installed.get(name);
    if (typeof version !== "string") return expected ? [`${name}${specifier} is not installed`] : [];
    return fits(version, specifier) === false ? [`${name} is ${version}, not ${specifier}`] : [];
  });
}
