import { expect, test } from "vitest";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { chooseStore } from "../../../src/stores/choose-store.ts";

test.each([
  [undefined, undefined, { spare: false, public: false }],
  ["git+file:///srv/runs.git", undefined, { spare: false, public: false }],
  ["postgres://ada@db.example/launch", undefined, { spare: false, public: false }],
  ["git+https://github.com/team/train", undefined, { spare: true, public: true }],
  ["git+ssh://git@github.com/team/train", undefined, { spare: true, public: true }],
  [undefined, "git+https://github.com/team/train", { spare: true, public: false }],
])("of the store %s (by default %s) is known what a write costs and who reads it", (given, byDefault, known) => {
  const state = stateDirectoryAt("/nonexistent");
  expect(chooseStore({ given, byDefault, isPublic: false, state, tokens: {}, log: silentLog })).toMatchObject(known);
});
