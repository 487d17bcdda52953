import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { minifySync } from "vite";

/*
 * A program that runs in a process of its own is a file of src/ like any other, and started as that file from there. The bundle has one
 * entry and would have to be found from wherever it is; so the program's text is put into the module that says how it is started.
 */
const programs = [
  {
    source: "resources/local-process/supervisor.ts",
    starter: "resources/local-process/supervisor-program.js",
    name: "supervisorArguments",
  },
] as const;

/** Puts the programs of `root` into the compiled JavaScript in `build`. */
export function inlinePrograms(root: string, build: string): void {
  for (const { source, starter, name } of programs) {
    const path = join(root, "src", source);
    if (!existsSync(path)) continue;
    const args = ["--input-type=commonjs", "--eval", programText(path)];
    writeFileSync(join(build, starter), `export const ${name} = ${JSON.stringify(args)};\n`);
  }
}

function programText(path: string): string {
  const { outputText } = ts.transpileModule(readFileSync(path, "utf8"), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: false },
  });
  if (/\brequire\("(?!node:)/.test(outputText)) throw new Error(`${path} may import Node's own modules only`);
  const { code, errors } = minifySync(path, outputText, { module: false });
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path} can't be minified: ${error.message}`);
  return code;
}
