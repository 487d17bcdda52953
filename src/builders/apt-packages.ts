import { LaunchError } from "../core/errors.ts";

/** A Debian package's name, with an optional architecture and version (deb-control(7)): the only words of a user's that reach a shell. */
const packagePattern = /^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[A-Za-z0-9.+:~-]+)?$/;

/** The packages of an `apt.txt`: one a line, `#` starts a comment. */
export function aptPackages(text: string | undefined): readonly string[] {
  const packages = new Set<string>();
  for (const [index, line] of (text ?? "").split(/\r?\n/).entries()) {
    const name = line.replace(/#.*$/, "").trim();
    if (name === "") continue;
    if (!packagePattern.test(name)) {
      throw new LaunchError(
        "build-failed",
        `apt.txt:${index + 1}: "${name}" is not the name of one Debian package; write one a line`,
      );
    }
    packages.add(name);
  }
  return [...packages];
}
