// Plain JavaScript that any Node can read: says in one line what is wrong when the Node is too old to run the rest.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `launch needs Node 24 or newer, this is ${process.version}: run \`npm ci\` (it brings Node 24 on Linux) and start it by \`npm run\` or \`npx\`\n`,
  );
  process.exit(2);
}
