import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { z } from "zod";
import { runtimePackages } from "./bundle-packages.ts";

/*
 * `node scripts/bill-of-materials.ts`: prints what the bundle is made of, as CycloneDX (https://cyclonedx.org/docs/1.5/json/). npm describes
 * all packages of the lock file; those of the bundle are kept. `npm sbom --omit=dev` leaves out what a tool needs too (npm 11: yaml, pg-types),
 * so the choice is made here. Without a time and a serial number: the same commit gives the same bytes.
 */

const billSchema = z.looseObject({
  serialNumber: z.unknown().transform(() => undefined),
  metadata: z.looseObject({
    timestamp: z.unknown().transform(() => undefined),
    component: z.looseObject({ "bom-ref": z.string(), name: z.string().transform(() => "launch-action") }),
  }),
  components: z.array(z.looseObject({ "bom-ref": z.string(), name: z.string() })),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

/** The bundler leaves a few lines of its own in what it makes. */
const bundler = "@vercel/ncc";

/** What the bundle of `root` is made of. Throws where npm and the lock file don't tell the same. */
export function billOfMaterials(root: string): object {
  const written = execFileSync("npm", ["sbom", "--package-lock-only", "--sbom-format=cyclonedx"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const bill = billSchema.parse(JSON.parse(written));
  const runtime = runtimePackages(root).map(({ name, version }) => `${name}@${version}`);
  const packages = new Set([
    ...runtime,
    ...bill.components.flatMap((each) => (each.name === bundler ? [each["bom-ref"]] : [])),
  ]);
  const components = bill.components.filter((component) => packages.has(component["bom-ref"]));
  if (components.length !== runtime.length + 1)
    throw new Error("npm and package-lock.json don't list the same packages");
  const own = bill.metadata.component["bom-ref"];
  const dependencies = bill.dependencies
    .filter(({ ref }) => ref === own || packages.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => packages.has(each)) }));
  return { ...bill, components, dependencies };
}

if (import.meta.main) {
  process.stdout.write(`${JSON.stringify(billOfMaterials(resolve(import.meta.dirname, "..")), undefined, 2)}\n`);
}
