// Plain JavaScript that any Node can read: an older one gets a clear line instead of a syntax error.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(`launch needs Node 24 or newer, this is ${process.version}: https://nodejs.org/en/download\n`);
  process.exit(2);
}
const { post } = await import("../dist/index.js");
await post();
