import { fits } from "./version-range.ts";

/** What a Python says of itself, by the names that markers have for it: `python_version`, `sys_platform`, … */
export type MarkerEnvironment = Readonly<Record<string, string>>;

/** True, false, or undefined: it can't be said. */
type Verdict = boolean | undefined;

/** Older names of the same things. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["os.name", "os_name"],
  ["sys.platform", "sys_platform"],
  ["platform.version", "platform_version"],
  ["platform.machine", "platform_machine"],
  ["platform.python_implementation", "platform_python_implementation"],
  ["python_implementation", "platform_python_implementation"],
]);

/** Whether a marker (PEP 508) holds in an environment; undefined for one that is none, or that asks for what isn't known (`extra`). */
export function evaluateMarker(marker: string, environment: MarkerEnvironment): boolean | undefined {
  const tokens = marker.match(/"[^"]*"|'[^']*'|[()]|[<>=!~]=?=?|\bnot\s+in\b|[\w.]+|\S/g) ?? [];
  const reader = { tokens: [...tokens], environment };
  const verdict = readOr(reader);
  return reader.tokens.length === 0 ? verdict : undefined;
}

type Reader = { readonly tokens: string[]; readonly environment: MarkerEnvironment };

function readOr(reader: Reader): Verdict {
  let verdict = readAnd(reader);
  while (take(reader, "or")) {
    const next = readAnd(reader);
    verdict = verdict === true || next === true ? true : verdict === false ? next : undefined;
  }
  return verdict;
}

function readAnd(reader: Reader): Verdict {
  let verdict = readComparison(reader);
  while (take(reader, "and")) {
    const next = readComparison(reader);
    verdict = verdict === false || next === false ? false : verdict === true ? next : undefined;
  }
  return verdict;
}

function readComparison(reader: Reader): Verdict {
  if (take(reader, "(")) {
    const inner = readOr(reader);
    return take(reader, ")") ? inner : undefined;
  }
  const { tokens, environment } = reader;
  const [left, operator, right] = tokens.splice(0, 3);
  const [one, other] = [valueOf(left, environment), valueOf(right, environment)];
  return operator === undefined || one === undefined || other === undefined
    ? undefined
    : compareValues(one, operator.replace(/\s+/, " "), other);
}

function take({ tokens }: Reader, token: string): boolean {
  if (tokens[0] !== token) return false;
  tokens.shift();
  return true;
}

function valueOf(token: string | undefined, environment: MarkerEnvironment): string | undefined {
  if (token === undefined) return undefined;
  if (/^["']./.test(token)) return token.slice(1, -1);
  const name = aliases.get(token) ?? token;
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}

/** As versions where they are some, else as texts. */
function compareValues(one: string, operator: string, other: string): Verdict {
  if (operator === "in") return other.includes(one);
  if (operator === "not in") return !other.includes(one);
  const verdict = fits(one, `${operator}${other}`);
  if (verdict !== undefined) return verdict;
  if (operator === "==" || operator === "===") return one === other;
  return operator === "!=" ? one !== other : undefined;
}
