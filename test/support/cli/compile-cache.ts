import { join } from "node:path";

/** For Node processes of ours that tests start by the dozen: each would strip the types of all our sources again. */
export const compileCache: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, "..", "..", "..", "node_modules", ".cache", "launch-tests"),
};
