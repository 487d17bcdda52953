/*
 * As much of Python's version rules (PEP 440) as a warning needs: releases are compared number by number; of pre-releases,
 * epochs and the like only equality is judged, the rest is "unknown" and nobody is warned of it.
 */

type Version = { readonly release: readonly number[]; readonly plain: boolean; readonly text: string };

function parse(text: string): Version | undefined {
  const publicPart = text.trim().toLowerCase().replace(/^v/, "").split("+")[0] ?? "";
  const digits = /^\d+(?:\.\d+)*/.exec(publicPart)?.[0];
  if (digits === undefined) return undefined;
  return { release: digits.split(".").map(Number), plain: digits === publicPart, text: publicPart };
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function startsWith(release: readonly number[], prefix: readonly number[]): boolean {
  return prefix.every((part, i) => part === (release[i] ?? 0));
}

function fitsClause(installed: Version, clause: string): boolean | undefined {
  const match = /^(===|==|!=|<=|>=|~=|<|>)\s*([^\s*]+?)(\.\*)?$/.exec(clause.trim());
  const [, operator, text, wildcard] = match ?? [];
  const wanted = text === undefined ? undefined : parse(text);
  if (operator === undefined || wanted === undefined) return undefined;
  if (operator === "==" || operator === "===" || operator === "!=") {
    const equal =
      wildcard !== undefined
        ? startsWith(installed.release, wanted.release)
        : installed.plain && wanted.plain
          ? compare(installed.release, wanted.release) === 0
          : installed.text === wanted.text;
    return operator === "!=" ? !equal : equal;
  }
  if (!installed.plain || !wanted.plain) return undefined;
  const order = compare(installed.release, wanted.release);
  if (operator === "<") return order < 0;
  if (operator === "<=") return order <= 0;
  if (operator === ">") return order > 0;
  if (operator === ">=") return order >= 0;
  return order >= 0 && startsWith(installed.release, wanted.release.slice(0, -1));
}

/** Whether an installed version is one that a specifier (`==1.2`, `>=1,<2`) asks for; undefined when that can't be said. */
export function fits(installed: string, specifier: string): boolean | undefined {
  const version = parse(installed);
  if (version === undefined) return undefined;
  const verdicts = specifier.split(",").map((clause) => (clause.trim() === "" ? true : fitsClause(version, clause)));
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}
