import assert from "node:assert/strict";
import { test } from "node:test";

import { WORDS } from "../../../arcontent/static/arcontent/engine/freak.js";
import { Matcher, chooseBits } from "../../../arcontent/static/arcontent/engine/match.js";
import { randomNumbers } from "./scenes.js";

function randomFeatures(count, random) {
  const column = (scale) => Float32Array.from({ length: count }, () => random() * scale);
  const words = Uint32Array.from({ length: count * WORDS }, (_, i) => {
    const word = Math.floor(random() * 4294967296);
    return i % WORDS === WORDS - 1 ? word & ~63 : word;
  });
  return { count, x: column(400), y: column(300), size: column(4), angle: column(1), words };
}

const target = (random) => ({ width: 400, height: 300, levels: [], features: [randomFeatures(60, random), randomFeatures(80, random)] });

/** The features of one kind as a frame would show them, with some bits of each flipped. */
function asFrame({ count, words }, kind, flipped, random) {
  const seen = words.slice();
  for (let i = 0; i < count; i += 1) {
    for (const bit of new Set(Array.from({ length: flipped }, () => Math.floor(random() * 666)))) {
      seen[i * WORDS + (bit >> 5)] ^= 1 << (31 - (bit & 31));
    }
  }
  const keypoints = { count, x: new Float32Array(count), y: new Float32Array(count), octave: new Uint8Array(count), kind: new Uint8Array(count).fill(kind) };
  return [keypoints, { angle: new Float32Array(count), words: seen }];
}

test("descriptors match themselves without a differing bit", () => {
  const random = randomNumbers(1);
  const subject = target(random);

  const matches = new Matcher(subject, 100).match(...asFrame(subject.features[1], 1, 0, random));

  assert.equal(matches.count, 80);
  for (let i = 0; i < 80; i += 1) {
    assert.deepEqual([matches.keypoint[i], matches.feature[i], matches.kind[i], matches.distance[i]], [i, i, 1, 0]);
  }
});

test("the distance is the number of bits that differ", () => {
  const random = randomNumbers(2);
  const subject = target(random);
  const [keypoints, descriptions] = asFrame(subject.features[0], 0, 0, random);
  for (const bit of [0, 31, 32, 300, 665]) descriptions.words[7 * WORDS + (bit >> 5)] ^= 1 << (31 - (bit & 31));

  const matches = new Matcher(subject, 100).match(keypoints, descriptions);

  assert.equal(matches.distance[7], 5);
});

test("descriptors with a tenth of their bits flipped still match the right ones", () => {
  const random = randomNumbers(3);
  const subject = target(random);

  const matches = new Matcher(subject, 100).match(...asFrame(subject.features[0], 0, 60, random));

  assert.ok(matches.count >= 55, `${matches.count} of 60`);
  for (let i = 0; i < matches.count; i += 1) assert.equal(matches.feature[i], matches.keypoint[i]);
});

test("chance descriptors match nothing", () => {
  const random = randomNumbers(4);
  const subject = target(random);

  const matches = new Matcher(subject, 300).match(...asFrame(randomFeatures(300, random), 1, 0, random));

  assert.equal(matches.count, 0);
});

test("a descriptor that differs in more than 210 bits is no match, however like it looked at first", () => {
  const random = randomNumbers(9);
  const subject = target(random);
  const matcher = new Matcher(subject, 100);
  const others = Array.from({ length: 666 }, (_, bit) => bit).filter((bit) => !matcher.bits.includes(bit));
  const flip = (words, row, count) => {
    for (const bit of others.slice(0, count)) words[row * WORDS + (bit >> 5)] ^= 1 << (31 - (bit & 31));
  };
  const [keypoints, descriptions] = asFrame(subject.features[0], 0, 0, random);
  flip(descriptions.words, 0, 210);
  flip(descriptions.words, 1, 211);

  const { count, keypoint } = matcher.match(keypoints, descriptions);

  const matched = new Set(keypoint.subarray(0, count));
  assert.deepEqual([matched.has(0), matched.has(1)], [true, false]);
});

test("minima are never matched with maxima", () => {
  const random = randomNumbers(5);
  const subject = target(random);

  const matches = new Matcher(subject, 100).match(...asFrame(subject.features[1], 0, 0, random));

  assert.equal(matches.count, 0);
});

test("a descriptor with a twin elsewhere is left out, one with a twin beside it is not", () => {
  const random = randomNumbers(6);
  const subject = target(random);
  const list = subject.features[0];
  list.words.copyWithin(5 * WORDS, 4 * WORDS, 5 * WORDS);
  [list.x[4], list.y[4], list.x[5], list.y[5]] = [50, 50, 300, 200];
  list.words.copyWithin(9 * WORDS, 8 * WORDS, 9 * WORDS);
  [list.x[8], list.y[8], list.x[9], list.y[9]] = [50, 50, 58, 50];

  const matches = new Matcher(subject, 100).match(...asFrame(list, 0, 0, random));

  const matched = new Set(matches.keypoint.subarray(0, matches.count));
  assert.deepEqual([4, 5, 8, 9].map((row) => matched.has(row)), [false, false, true, true]);
});

test("the bits looked at first are 128 different ones, and none that is always the same", () => {
  const random = randomNumbers(7);
  const { features } = target(random);
  for (const { words, count } of features) {
    for (let i = 0; i < count; i += 1) words[i * WORDS] |= 0xffff0000;
  }

  const bits = chooseBits(features);

  assert.equal(new Set(bits).size, 128);
  assert.ok(bits.every((bit) => bit >= 16 && bit < 666));
});

test("a target without points of one kind is matched by the other", () => {
  const random = randomNumbers(8);
  const subject = target(random);
  subject.features[0] = randomFeatures(0, random);

  const matches = new Matcher(subject, 100).match(...asFrame(subject.features[1], 1, 0, random));

  assert.equal(matches.count, 80);
});
