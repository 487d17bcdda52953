import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { minifySync } from "vite";
import { copyRuntimePackages } from "./bundle-packages.ts";
import { inlinePrograms } from "./bundle-programs.ts";

/*
 * From TypeScript to the committed dist/: tsc writes JavaScript, ncc makes one ES module of it with a chunk for each `import()`, and
 * each file is then minified by itself, because ncc minifies the entry alone. Names of functions and classes are kept: stacks stay
 * readable. ncc numbers chunks by the paths of modules and of its own loaders, so it works in a temporary folder that holds the
 * JavaScript, the packages of the run time and ncc itself: the result depends on the sources and the lock, not on the folder, the clock
 * or the machine. What would break that (an absolute path, an asset that a package drags in) fails the build.
 */

const maxTotalBytes = 8 * 1024 * 1024;
const expectedName = /^(?:(?:\d+\.)?index\.js|licenses\.txt|package\.json)$/;

export type BundledFile = { readonly name: string; readonly bytes: number };

/** Compiles the project in `root` and puts its bundle in `out`, instead of what was there. Throws when it couldn't be shipped. */
export function buildBundle(root: string, out: string): readonly BundledFile[] {
  // What a source left behind that is gone by now would be bundled again.
  rmSync(join(root, "build"), { recursive: true, force: true });
  runTool(root, join("typescript", "bin", "tsc"), ["-p", "tsconfig.build.json"]);
  const staging = mkdtempSync(join(tmpdir(), "launch-bundle-"));
  try {
    for (const name of ["package.json", "build"]) cpSync(join(root, name), join(staging, name), { recursive: true });
    inlinePrograms(root, join(staging, "build"));
    copyRuntimePackages(root, staging);
    cpSync(join(root, "node_modules", "@vercel", "ncc"), join(staging, "node_modules", "@vercel", "ncc"), {
      recursive: true,
    });
    const folder = join(staging, "dist");
    runTool(staging, join("@vercel", "ncc", "dist", "ncc", "cli.js"), [
      ...["build", join("build", "index.js"), "--out", folder, "--quiet"],
      ...["--no-cache", "--license", "licenses.txt", "--target", "es2022"],
    ]);
    const names = listFiles(folder);
    for (const name of names.filter((name) => name.endsWith(".js"))) minify(join(folder, name));
    const files = names.map((name) => ({ name, bytes: statSync(join(folder, name)).size }));
    assertShippable([root, staging], folder, files);
    rmSync(out, { recursive: true, force: true });
    cpSync(folder, out, { recursive: true });
    return files;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** All files below `folder`, as sorted relative paths; none when there is no such folder. */
export function listFiles(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** All bytes of a bundle. */
export function totalBytes(files: readonly BundledFile[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

function runTool(folder: string, script: string, args: readonly string[]): void {
  const path = join(folder, "node_modules", script);
  const { status } = spawnSync(process.execPath, [path, ...args], { cwd: folder, stdio: "inherit" });
  if (status !== 0) throw new Error(`${script} ended with exit code ${status ?? "none"}; what it said is above`);
}

/** ncc makes a `require` of its own for each of Node's modules: a tenth of the CPU that the action needs up to its first decision. */
const builtinRequire = /\b__WEBPACK_EXTERNAL_createRequire\(import\.meta\.url\)(?=\("[\w:/]+"\))/g;

function minify(path: string): void {
  const source = readFileSync(path, "utf8").replace(builtinRequire, "process.getBuiltinModule");
  const { code, errors } = minifySync(path, source, {
    module: true,
    compress: { keepNames: { function: true, class: true } },
    mangle: { keepNames: true },
    // Their texts are in licenses.txt.
    codegen: { legalComments: "none" },
  });
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path} can't be minified: ${error.message}`);
  writeFileSync(path, code);
}

function assertShippable(forbidden: readonly string[], folder: string, files: readonly BundledFile[]): void {
  const stray = files.filter(({ name }) => !expectedName.test(name)).map(({ name }) => name);
  if (stray.length > 0) throw new Error(`the bundle has files that nothing of ours needs: ${stray.join(", ")}`);
  const bound = files.filter(({ name }) => {
    const text = readFileSync(join(folder, name), "utf8");
    return forbidden.some((path) => text.includes(path));
  });
  if (bound.length > 0) {
    throw new Error(`the bundle names the folder it was built in: ${bound.map(({ name }) => name).join(", ")}`);
  }
  const total = totalBytes(files);
  if (total > maxTotalBytes) throw new Error(`the bundle has ${total} bytes, more than ${maxTotalBytes}`);
}
