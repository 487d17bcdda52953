import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  {
    ignores: ["dist/", "build/", "node_modules/", "schema/", "examples/", "test/fixtures/", "runs/"],
  },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ["bin/*.js", "scripts/*.mjs", "eslint.config.js"],
        },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "max-lines": ["error", { max: 300, skipBlankLines: false, skipComments: false }],
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
      "@typescript-eslint/max-params": ["error", { max: 3 }],
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-invalid-void-type": ["error", { allowInGenericTypeArguments: true }],
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "no-console": "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: String.raw`TemplateElement[tail=false][value.raw=/(?:^|[;:(] |\n)(?:launch|git|docker|kubectl|chmod|chown|rm|kill) (?:[a-z-]+ |--?[\w-]+[ =])*$/]`,
          message:
            "A command to be pasted takes what was given to it through formatCommandLine, which quotes it for a shell.",
        },
      ],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "max-lines-per-function": "off",
      "max-lines": ["error", { max: 400 }],
      "@typescript-eslint/max-params": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["scripts/**", "bench/**"],
    rules: { "no-console": "off", "@typescript-eslint/max-params": "off" },
  },
  {
    files: ["bin/*.js", "scripts/*.mjs", "eslint.config.js"],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
