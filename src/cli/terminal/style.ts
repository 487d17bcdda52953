export type Style = {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
};

const paint =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`;
const plain = (text: string): string => text;

const coloured: Style = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  yellow: paint(33, 39),
  green: paint(32, 39),
};
const uncoloured: Style = { bold: plain, dim: plain, red: plain, yellow: plain, green: plain };

/** Colours on a terminal that wants them: not with NO_COLOR (https://no-color.org), in CI, or on a dumb terminal. */
export function styleFor(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Style {
  return isTerminal && wantsColour(environment) ? coloured : uncoloured;
}

function wantsColour(environment: Readonly<Record<string, string | undefined>>): boolean {
  if ((environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb") return false;
  return !inCi(environment);
}

/** CI logs are files, even where the CI gives a pseudo-terminal. */
export function inCi(environment: Readonly<Record<string, string | undefined>>): boolean {
  const ci = environment["CI"] ?? "";
  return ci !== "" && ci !== "false" && ci !== "0";
}
