import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildBundle, totalBytes } from "./bundle.ts";

/* `npm run build [-- --out DIR]`: writes dist/, or the same into DIR. */

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({ options: { out: { type: "string", default: "dist" } } });
const out = resolve(root, values.out);
const files = buildBundle(root, out);
for (const { name, bytes } of files) console.log(`${(bytes / 1024).toFixed(1).padStart(9)} KB  ${name}`);
console.log(`${(totalBytes(files) / 1024).toFixed(1).padStart(9)} KB  in ${out}`);
