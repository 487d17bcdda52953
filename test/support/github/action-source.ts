import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Writes an action's folder whose doors lead to the sources. */
export function actionFromSource(folder: string): string {
  const index = pathToFileURL(join(import.meta.dirname, "../../../src/index.ts")).href;
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type": "module"}');
  for (const door of ["main", "post"]) {
    const text = `import { ${door} } from ${JSON.stringify(index)};\nawait ${door}();\n`;
    writeFileSync(join(folder, "bin", `${door}.js`), text);
  }
  return folder;
}
