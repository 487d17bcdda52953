import { compare, explain, satisfies, validRange } from "@renovatebot/pep440";

/*
 * Python's version specifiers (PEP 440), by a library but for three of its answers: of `<` and `>` it compares releases alone, so that 2.0rc1
 * was not below 2.0rc2; and a release is not filled up with zeros before it is held against `==1.2.0.*`.
 */

type Clause = { readonly text: string; readonly operator: string; readonly version: string };

/** The clauses of `>=1,<2`; an empty one says nothing. */
export function clausesOf(specifier: string): readonly string[] {
  return specifier
    .split(",")
    .map((clause) => clause.trim())
    .filter((clause) => clause !== "");
}

/** The first clause that PEP 440 doesn't know; undefined when all are legal. */
export function illegalClause(specifier: string): string | undefined {
  return clausesOf(specifier).find((clause) => readClause(clause) === undefined);
}

/** Whether a version is one that a specifier asks for, pre-releases too; undefined when that can't be said. */
export function fits(version: string, specifier: string): boolean | undefined {
  if (explain(version.trim()) === null) return undefined;
  const verdicts = clausesOf(specifier).map((text) => {
    const clause = readClause(text);
    return clause === undefined ? undefined : fitsClause(version.trim(), clause);
  });
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

function readClause(text: string): Clause | undefined {
  // pip read `>=3.8.*` as `>=3.8` for years, and packages have it.
  const clause = text.replace(/^([<>]=?[^=].*)\.\*$/, "$1");
  const [, operator, version] = /^(===|~=|==|!=|<=|>=|<|>)\s*(.+)$/.exec(clause) ?? [];
  if (operator === undefined || version === undefined || !validRange(clause)) return undefined;
  return { text: clause, operator, version };
}

function fitsClause(version: string, clause: Clause): boolean {
  const { text, operator } = clause;
  if (operator === "<" || operator === ">") return isBeyond(version, clause);
  return satisfies(operator === "===" ? version : filledUp(version, clause.version), text, { prereleases: true });
}

/** `<` leaves out the pre-releases of its own version, `>` its post-releases and builds. */
function isBeyond(version: string, { operator, version: written }: Clause): boolean {
  const [one, other] = [explain(version)?.public ?? "", explain(written)?.public ?? ""];
  const order = compare(one, other);
  if (operator === "<")
    return order < 0 && compare(one.replace(/(?:a|b|rc)\d+(?:\.post\d+)?|\.dev\d+/g, ""), other) !== 0;
  return order > 0 && compare(one.replace(/\.post\d+(?:\.dev\d+)?$/, ""), other) !== 0;
}

/** A version with at least as many numbers as another has. */
function filledUp(version: string, other: string): string {
  const [has, wants] = [version, other].map((each) => explain(each.replace(/\.\*$/, ""))?.release.length ?? 0);
  const missing = Math.max(0, (wants ?? 0) - (has ?? 0));
  return version.replace(/^v?(?:\d+!)?\d+(?:\.\d+)*/i, (release) => release + ".0".repeat(missing));
}
