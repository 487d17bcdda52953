import { logicalLines } from "./requirements-file.ts";

/** The files that say which Python a project runs with, as pyenv, uv and Heroku read them; the first that is there counts. */
export const pinFiles = [".python-version", "runtime.txt"] as const;

/** What such a file says, as written: `3.11`, `python-3.11.4`. Undefined when it says nothing. */
export function pinnedPython(text: string): string | undefined {
  return logicalLines(text)[0];
}
