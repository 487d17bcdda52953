import { expect, it } from "vitest";
import { type DefinitionEdit, editDefinition } from "../../../../src/spec/queue-definition/edit-definition.ts";

it.each<[string, DefinitionEdit, string]>([
  ["", { path: ["limits", "running"], value: 2 }, "limits:\n  running: 2\n"],
  ["limits:\n", { path: ["limits", "running"], value: 2 }, "limits:\n  running: 2\n"],
  ["limits: null # none yet\n", { path: ["limits", "running"], value: 2 }, "limits:\n  running: 2\n"],
  ["# big\norder: fifo # fair\n", { path: ["order"], value: "priority" }, "# big\norder: priority # fair\n"],
  ["order: fifo\n", { path: ["limits", "timeout", "max"], value: undefined }, "order: fifo\n"],
  ["order: fifo\n", { path: ["order", "mode"], value: undefined }, "order: fifo\n"],
  // What is no mapping is left for the reader to refuse.
  ["- fifo\n", { path: ["order"], value: "fifo" }, "- fifo\n"],
])("%j with %j", (text, edit, edited) => {
  expect(editDefinition(text, [edit])).toBe(edited);
});

it("says where there is no place for a value", () => {
  const edit = { path: ["order", "mode"], value: "fifo" };
  expect(() => editDefinition("order: fifo\n", [edit])).toThrow(/^order\.mode: .*order is no mapping.*--unset order$/);
});

it("changes what an alias stands for only in the place that was named", () => {
  const text = "template_variables: &none {}\nresource_args: *none\n";
  expect(editDefinition(text, [{ path: ["resource_args", "cpus"], value: 2 }])).toBe(
    "template_variables: &none {}\nresource_args:\n  cpus: 2\n",
  );
});
