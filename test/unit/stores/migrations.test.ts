import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { migrations } from "../../../src/stores/postgres/migrations/index.ts";

/** sha256 of the steps that are out: databases have been made by these very texts. A new step is one more line. */
const released = [
  "3eda3fc4c5e7c5bf52aa605e8c453b83850ac4200c541f39e07b19a6c13f1d59",
  "9d33c9af450d98d4f5d1bb1d727287f6712ad1207ecd8e74d2be8c495e4f71a4",
  "729be9f52b0ff994aa392b306f28d759a2a16cdbe9f3a97925425551a638cd46",
  "c4b3858a2e167b49696d19af92e7ec176600d8009fdcb2ef844e9e86f5803bf5",
];

test("no step that makes Postgres' tables has changed since it was released", () => {
  expect(migrations.map((sql) => createHash("sha256").update(sql).digest("hex"))).toEqual(released);
});
