import { join } from "node:path";

/**
 * What Node is given to be a supervisor. The bundle has no file for it: there the build puts the text of supervisor.ts here, as CommonJS,
 * which starts soonest (scripts/bundle-programs.ts).
 */
export const supervisorArguments: readonly string[] = [join(import.meta.dirname, "supervisor.ts")];
