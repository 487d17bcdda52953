import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import { fillTemplate } from "../../../src/queues/templates.ts";
import { queueDefinitionSchema } from "../../../src/queues/definition.ts";
import { countOf } from "../../../src/queues/order.ts";
import type { Overlay, Resolution } from "../../../src/spec/resolve/resolution.ts";
import { variantsOf } from "../../../src/submit/each.ts";
import { overlaysOf } from "../../../src/submit/settings/overlays.ts";
import { resolveWritten } from "../../support/launch/spec.ts";

/* Names that every JavaScript object knows already. People may call their values so; what they say is kept as it is, or refused in words. */
const inherited = Object.getOwnPropertyNames(Object.prototype);
const names = fc.oneof(fc.constantFrom(...inherited, "prototype"), fc.stringMatching(/^[a-z_]{1,8}$/));
const paths = fc.array(names, { minLength: 1, maxLength: 3 });

/** The own value at a path: never one that an object has by itself. */
function ownAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (within, key) =>
      typeof within === "object" && within !== null && Object.hasOwn(within, key)
        ? (Reflect.get(within, key) as unknown)
        : undefined,
    value,
  );
}

const settings = (given: Parameters<typeof overlaysOf>[0]["settings"]): readonly Overlay[] =>
  overlaysOf({ settings: given, nameOf: (name) => `--${name}`, environment: {}, resourceNames: ["local-container"] });

const nested = (path: readonly string[], value: Json): Json =>
  path.reduceRight<Json>(
    (inner, key) => JSON.parse(`{${JSON.stringify(key)}: ${JSON.stringify(inner)}}`) as Json,
    value,
  );

type Door = readonly [name: string, resolve: (path: readonly string[]) => Promise<Resolution>];

const doors: readonly Door[] = [
  ["--set", (path) => resolveWritten({ overlays: settings({ set: [`${path.join(".")}=1`] }) })],
  [
    "--set of a value",
    ([first = "", ...rest]) =>
      resolveWritten({ overlays: settings({ set: [`${first}=${JSON.stringify(nested(rest, 1))}`] }) }),
  ],
  ["--set twice", (path) => resolveWritten({ overlays: settings({ set: [`${path.join(".")}=1`, "other.__x=2"] }) })],
  [
    "--each",
    (path) => resolveWritten({ overlays: variantsOf([`${path.join(".")}=1,2`], "--each")[0]?.overlays ?? [] }),
  ],
  ["a spec", (path) => resolveWritten({ spec: JSON.stringify({ overrides: { run_config: nested(path, 1) } }) })],
  [
    "a spec, and --set over it",
    (path) =>
      resolveWritten({
        spec: JSON.stringify({ overrides: { run_config: nested(path, 2) } }),
        overlays: settings({ set: [`${path.join(".")}=1`] }),
      }),
  ],
];

describe("names that every object has", () => {
  it.each(doors)("are kept exactly or refused in run_config, by %s", async (_, resolve) => {
    await fc.assert(
      fc.asyncProperty(paths, async (path) => {
        const resolution = await resolve(path);
        if (resolution.kind === "faults") {
          expect(path).toContain("__proto__");
          expect(resolution.faults.map(({ message }) => message).join()).toMatch(
            /a key can't (?:be called|have this name)/,
          );
          return;
        }
        expect(path).not.toContain("__proto__");
        const config = resolution.spec.overrides.run_config;
        expect(ownAt(config, path)).toBe(1);
        // What the run gets.
        expect(ownAt(JSON.parse(JSON.stringify(config)), path)).toBe(1);
      }),
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(inherited);
  });

  it("are kept or refused as variables, secrets and template variables", async () => {
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        const given: readonly [string, readonly Overlay[], readonly string[]][] = [
          ["env", settings({ env: [`${name}=v`] }), ["env", name]],
          ["secrets", settings({ secretVariables: [`${name}=v`] }), ["secrets", name]],
          ["variables", settings({ templateVariables: [`${name}=v`] }), ["template_variables", name]],
        ];
        for (const [what, overlays, path] of given) {
          const spec = what === "variables" ? "queue: q" : "uri: .";
          const resolution = await resolveWritten({ spec, overlays });
          if (resolution.kind === "faults") expect(name, what).toBe("__proto__");
          else expect(ownAt(resolution.spec, path), what).toBe("v");
        }
      }),
    );
  });

  it("are no values of a queue's templates, unless its definition has them", () => {
    fc.assert(
      fc.property(names, fc.boolean(), (name, isDefined) => {
        fc.pre(name !== "__proto__");
        const variables = isDefined ? { [name]: { schema: { type: "string", default: "v" } } } : {};
        const definition = queueDefinitionSchema.parse({
          resource: "local-container",
          resource_args: { a: `{{${name}}}`, b: `x{{${name}}}` },
          template_variables: variables,
        });
        const filled = fillTemplate(definition, {});
        if (filled.kind === "filled") expect(filled.resourceArgs).toEqual({ a: "v", b: "xv" });
        expect(filled.kind === "filled").toBe(isDefined);
      }),
    );
  });

  it("are slots only where there are some", () => {
    for (const name of inherited) {
      expect(countOf({}, name)).toBe(0);
      expect(countOf({ [name]: 2 }, name)).toBe(2);
    }
  });
});
