// A softmax classifier on 8×8 images of handwritten digits, trained by gradient descent with momentum.
// Node alone: no dependency, no network. The same arguments give the same numbers.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";

const classes = 10;
const pixels = 64;
const weightsPerClass = pixels + 1; // and one for the bias

/** Settings: defaults, then the command line, then what the launch spec's run_config says. */
function readSettings() {
  const { values } = parseArgs({
    options: {
      epochs: { type: "string", default: "30" },
      lr: { type: "string", default: "0.01" },
      "batch-size": { type: "string", default: "32" },
      seed: { type: "string", default: "1" },
    },
  });
  const overrides = JSON.parse(process.env.LAUNCH_CONFIG ?? process.env.WANDB_CONFIG ?? "{}");
  const settings = {
    epochs: Number(overrides.epochs ?? values.epochs),
    lr: Number(overrides.lr ?? values.lr),
    batchSize: Number(overrides.batch_size ?? values["batch-size"]),
    seed: Number(overrides.seed ?? values.seed),
  };
  const whole = ["epochs", "batchSize"];
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isFinite(value) || value < 0 || (whole.includes(name) && (value < 1 || !Number.isInteger(value)))) {
      throw new Error(`${name} must be a ${whole.includes(name) ? "whole " : ""}positive number, not ${value}`);
    }
  }
  return settings;
}

/** mulberry32: small and seeded, so that a split and a shuffle can be had again. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffle(items, random) {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other], items[last]];
  }
  return items;
}

/** Each line of the data: 64 pixels in 0..16, then the digit. */
function readDigits() {
  const text = gunzipSync(readFileSync(new URL("digits.csv.gz", import.meta.url))).toString("latin1");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const numbers = line.split(",").map(Number);
      return {
        image: Float64Array.from([...numbers.slice(0, pixels).map((value) => value / 16), 1]),
        digit: numbers[pixels],
      };
    });
}

/** The probability of each class, by a softmax that subtracts the largest score so that nothing overflows. */
function predict(weights, image, into) {
  let largest = -Infinity;
  for (let label = 0; label < classes; label++) {
    let score = 0;
    for (let i = 0, at = label * weightsPerClass; i < weightsPerClass; i++) score += weights[at + i] * image[i];
    into[label] = score;
    if (score > largest) largest = score;
  }
  let sum = 0;
  for (let label = 0; label < classes; label++) sum += into[label] = Math.exp(into[label] - largest);
  for (let label = 0; label < classes; label++) into[label] /= sum;
  return into;
}

/** One pass over the training set; returns the mean loss seen on the way. */
function trainOnce(weights, velocity, samples, settings) {
  const chances = new Float64Array(classes);
  const gradient = new Float64Array(weights.length);
  let loss = 0;
  for (let start = 0; start < samples.length; start += settings.batchSize) {
    const batch = samples.slice(start, start + settings.batchSize);
    gradient.fill(0);
    for (const { image, digit } of batch) {
      predict(weights, image, chances);
      loss -= Math.log(Math.max(chances[digit], 1e-12));
      for (let label = 0; label < classes; label++) {
        const wrong = chances[label] - (label === digit ? 1 : 0);
        for (let i = 0, at = label * weightsPerClass; i < weightsPerClass; i++) gradient[at + i] += wrong * image[i];
      }
    }
    for (let i = 0; i < weights.length; i++) {
      velocity[i] = 0.9 * velocity[i] - (settings.lr / batch.length) * gradient[i];
      weights[i] += velocity[i];
    }
  }
  return loss / samples.length;
}

function accuracyOn(samples, weights) {
  const chances = new Float64Array(classes);
  const right = samples.filter(({ image, digit }) => {
    predict(weights, image, chances);
    return chances.indexOf(Math.max(...chances)) === digit;
  });
  return right.length / samples.length;
}

const settings = readSettings();
const random = randomFrom(settings.seed);
const digits = shuffle(readDigits(), random);
const held = Math.floor(digits.length / 5);
const test = digits.slice(0, held);
const train = digits.slice(held);

const weights = new Float64Array(classes * weightsPerClass);
const velocity = new Float64Array(weights.length);
const metrics = { accuracy: 0, loss: 0 };
for (let epoch = 1; epoch <= settings.epochs; epoch++) {
  metrics.loss = trainOnce(weights, velocity, shuffle(train, random), settings);
  metrics.accuracy = accuracyOn(test, weights);
  console.log(
    `epoch ${String(epoch).padStart(2)}  loss ${metrics.loss.toFixed(3)}  accuracy ${metrics.accuracy.toFixed(3)}`,
  );
}
const rounded = { accuracy: Number(metrics.accuracy.toFixed(4)), loss: Number(metrics.loss.toFixed(4)) };
writeFileSync(join(process.env.LAUNCH_OUTPUT_DIR ?? ".", "metrics.json"), `${JSON.stringify(rounded)}\n`);
