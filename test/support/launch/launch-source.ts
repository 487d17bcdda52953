import { cli } from "../../../src/index.ts";

/* The command line from its sources, as `node test/support/launch-source.ts run …`: what bin/launch.js is for the bundle. */

await cli(process.argv.slice(2));
