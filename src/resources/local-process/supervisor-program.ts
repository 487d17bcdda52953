/*
 * The supervisor of a run that outlives its launcher: a Node process of its own, started with this program as an argument, because the
 * bundle has no second entry and a file beside it would have to be found from wherever the bundle is. Plain CommonJS, no dependency.
 *
 * Its order comes on stdin: what to run, and the folder to keep the run's state in. It answers with one line on stdout. Then
 *
 *   output        in frames of a stream's number (1, 2), a length (32 bits, big-endian) and the bytes: the streams stay apart and in
 *                 order. Where the disk is full, output is dropped and counted, and the run goes on
 *   end           what the run has left running gets 2 s, then SIGTERM, then SIGKILL; `outcome.json` is renamed into place
 *   agent's end   each eighth of the grace the keep-alive file is removed; an agent makes it again. Missed eight times, the run is ended
 *
 * Nobody signals the supervisor: it has neither the run's group nor its mark.
 */
export const supervisorProgram = `
"use strict";
const fs = require("node:fs");
const os = require("node:os");
const { spawn } = require("node:child_process");
const order = JSON.parse(fs.readFileSync(0, "utf8") || "null");
if (order === null) process.exit(0);
const file = fs.openSync(order.folder + "/output", "a", 0o600);
let size = fs.fstatSync(file).size;
let dropped = 0;
let ended = false;

function writeFrame(stream, bytes) {
  const head = Buffer.alloc(5);
  head.writeUInt8(stream, 0);
  head.writeUInt32BE(bytes.length, 1);
  const frame = Buffer.concat([head, bytes]);
  try {
    for (let done = 0; done < frame.length; ) done += fs.writeSync(file, frame, done);
    size += frame.length;
    return true;
  } catch {
    try { fs.ftruncateSync(file, size); } catch {}
    return false;
  }
}
function keep(stream, bytes) {
  if (dropped > 0 && writeFrame(2, Buffer.from("launch: " + dropped + " bytes of output could not be written and are lost\\n"))) dropped = 0;
  if (dropped > 0 || !writeFrame(stream, bytes)) dropped += bytes.length;
}
function answer(value) {
  try { fs.writeSync(1, JSON.stringify(value) + "\\n"); } catch {}
}
function record(outcome, tries) {
  const path = order.folder + "/outcome.json";
  try {
    fs.writeFileSync(path + ".new", JSON.stringify(outcome), { mode: 0o600 });
    fs.renameSync(path + ".new", path);
  } catch (error) {
    if (error.code !== "ENOENT" && tries > 0) return void setTimeout(record, 500, outcome, tries - 1);
  }
  process.exit(0);
}

let child;
try {
  child = spawn(order.command, order.args, { cwd: order.directory, env: order.env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
} catch (error) {
  answer({ code: error.code || "EINVAL" });
  process.exit(0);
}
child.on("error", (error) => {
  if (child.pid !== undefined) return;
  answer({ code: error.code });
  process.exit(0);
});
child.on("spawn", () => answer({ pid: child.pid }));
child.stdout.on("data", (bytes) => keep(1, bytes));
child.stderr.on("data", (bytes) => keep(2, bytes));

function signal(name) {
  try { process.kill(-child.pid, name); } catch {}
  let pids = [];
  try { pids = fs.readdirSync("/proc").filter((pid) => /^[0-9]+$/.test(pid) && Number(pid) !== process.pid); } catch {}
  for (const pid of pids) {
    try {
      const variables = "\\0" + fs.readFileSync("/proc/" + pid + "/environ", "latin1");
      if (order.marks.every((mark) => variables.includes("\\0" + mark + "\\0"))) process.kill(Number(pid), name);
    } catch {}
  }
}

function groupRuns() {
  try { process.kill(-child.pid, 0); } catch (error) { return error.code === "EPERM"; }
  let pids;
  try { pids = fs.readdirSync("/proc").filter((pid) => /^[0-9]+$/.test(pid)); } catch { return true; }
  return pids.some((pid) => {
    try {
      const stat = fs.readFileSync("/proc/" + pid + "/stat", "latin1");
      const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(group) === child.pid && state !== "Z" && state !== "X";
    } catch { return false; }
  });
}

let abandoned = false;
child.on("exit", (exitCode, name) => {
  const seen = name === null ? { kind: "exited", exitCode } : { kind: "signalled", signal: name, exitCode: 128 + os.constants.signals[name] };
  const outcome = abandoned ? { kind: "abandoned", exitCode: seen.exitCode } : seen;
  const exitedAt = performance.now();
  const steps = [[2000, "SIGTERM"], [4000, "SIGKILL"]];
  let closed = false;
  const settle = () => {
    if (ended) return;
    const age = performance.now() - exitedAt;
    if ((closed && !groupRuns()) || age > 5000) {
      ended = true;
      clearInterval(watch);
      return record(outcome, 7200);
    }
    if (steps.length > 0 && age > steps[0][0]) signal(steps.shift()[1]);
    setTimeout(settle, 25);
  };
  child.on("close", () => { closed = true; settle(); });
  setTimeout(settle, 25);
});

let missed = 0;
const watch = setInterval(() => {
  try {
    fs.unlinkSync(order.keepAliveFile);
    missed = 0;
  } catch {
    missed++;
  }
  if (missed < 8 || abandoned) return;
  abandoned = true;
  signal("SIGTERM");
  setTimeout(signal, Math.min(10000, order.graceMs / 25), "SIGKILL");
}, order.graceMs / 8);
`;
