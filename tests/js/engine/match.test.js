import assert from "node:assert/strict";
import { test } from "node:test";

import { WORDS } from "../../../arcontent/static/arcontent/engine/freak.js";
import { EXTRACT, Matcher } from "../../../arcontent/static/arcontent/engine/match.js";
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

  const matches = new Matcher([subject], 100).match(...asFrame(subject.features[1], 1, 0, random))[0];

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

  const matches = new Matcher([subject], 100).match(keypoints, descriptions)[0];

  assert.equal(matches.distance[7], 5);
});

test("descriptors with a tenth of their bits flipped still match the right ones", () => {
  const random = randomNumbers(3);
  const subject = target(random);

  const matches = new Matcher([subject], 100).match(...asFrame(subject.features[0], 0, 60, random))[0];

  assert.ok(matches.count >= 55, `${matches.count} of 60`);
  for (let i = 0; i < matches.count; i += 1) assert.equal(matches.feature[i], matches.keypoint[i]);
});

test("chance descriptors match nothing", () => {
  const random = randomNumbers(4);
  const subject = target(random);

  const matches = new Matcher([subject], 300).match(...asFrame(randomFeatures(300, random), 1, 0, random))[0];

  assert.equal(matches.count, 0);
});

test("a descriptor that differs in more than 210 bits is no match, however like it looked at first", () => {
  const random = randomNumbers(9);
  const subject = target(random);
  const others = Array.from({ length: 666 }, (_, bit) => bit).filter((bit) => !EXTRACT.includes(bit));
  const flip = (words, row, count) => {
    for (const bit of others.slice(0, count)) words[row * WORDS + (bit >> 5)] ^= 1 << (31 - (bit & 31));
  };
  const [keypoints, descriptions] = asFrame(subject.features[0], 0, 0, random);
  flip(descriptions.words, 0, 210);
  flip(descriptions.words, 1, 211);

  const [{ count, keypoint }] = new Matcher([subject], 100).match(keypoints, descriptions);

  const matched = new Set(keypoint.subarray(0, count));
  assert.deepEqual([matched.has(0), matched.has(1)], [true, false]);
});

test("a rough look passes over descriptors that differ in more than twenty of the chosen bits, a close one does not", () => {
  const random = randomNumbers(11);
  const subject = target(random);
  const [keypoints, descriptions] = asFrame(subject.features[0], 0, 0, random);
  // Some bits are chosen for several keys: these are not.
  const bits = Array.from(EXTRACT);
  const once = bits.filter((bit) => bits.indexOf(bit) === bits.lastIndexOf(bit));
  const [first, second] = [true, false].map((isFirst) => once.filter((bit) => bits.indexOf(bit) < 64 === isFirst));
  const flip = (row, chosen) => {
    for (const bit of chosen) descriptions.words[row * WORDS + (bit >> 5)] ^= 1 << (31 - (bit & 31));
  };
  flip(0, [...first.slice(0, 10), ...second.slice(0, 10)]);
  flip(1, [...first.slice(0, 10), ...second.slice(0, 11)]);

  const seenBy = (matcher) => {
    const [{ count, keypoint }] = matcher.match(keypoints, descriptions);
    const matched = new Set(keypoint.subarray(0, count));
    return [matched.has(0), matched.has(1)];
  };

  assert.deepEqual(seenBy(new Matcher([subject], 100, { isRough: true })), [true, false]);
  assert.deepEqual(seenBy(new Matcher([subject], 100)), [true, true]);
});

test("minima are never matched with maxima", () => {
  const random = randomNumbers(5);
  const subject = target(random);

  const matches = new Matcher([subject], 100).match(...asFrame(subject.features[1], 0, 0, random))[0];

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

  const matches = new Matcher([subject], 100).match(...asFrame(list, 0, 0, random))[0];

  const matched = new Set(matches.keypoint.subarray(0, matches.count));
  assert.deepEqual([4, 5, 8, 9].map((row) => matched.has(row)), [false, false, true, true]);
});

test("targets of one file are matched each as if it were alone", () => {
  const random = randomNumbers(7);
  const subjects = [target(random), target(random), target(random)];
  const frame = asFrame(subjects[1].features[1], 1, 40, random);

  const together = new Matcher(subjects, 100).match(...frame);

  for (const [number, subject] of subjects.entries()) {
    assert.deepEqual(together[number], new Matcher([subject], 100).match(...frame)[0]);
  }
  assert.deepEqual(together.map(({ count }) => count > 70), [false, true, false]);
});

test("a twin in another picture is no rival", () => {
  const random = randomNumbers(9);
  const subjects = [target(random), target(random)];
  subjects[1].features[0].words.set(subjects[0].features[0].words);

  const [first, second] = new Matcher(subjects, 100).match(...asFrame(subjects[0].features[0], 0, 0, random));

  assert.deepEqual([first.count, second.count], [60, 60]);
});

test("the bits looked at first are 128 of a descriptor's 666", () => {
  assert.equal(EXTRACT.length, 128);
  assert.ok(EXTRACT.every((bit) => bit < 666));
});

test("what a crowd of features has in common finds none of them, what is their own does", () => {
  const random = randomNumbers(10);
  const crowd = { ...target(random), features: [randomFeatures(200, random), randomFeatures(0, random)] };
  const { words } = crowd.features[0];
  for (const bit of EXTRACT.subarray(0, 120)) {
    for (let i = 0; i < 200; i += 1) words[i * WORDS + (bit >> 5)] |= 1 << (31 - (bit & 31));
  }
  const frame = asFrame(crowd.features[0], 0, 0, random);
  const first = new Matcher([crowd], 200).match(...frame)[0].count;
  frame[1].words[EXTRACT[127] >> 5] ^= 1 << (31 - (EXTRACT[127] & 31));

  const { count, keypoint } = new Matcher([crowd], 200).match(...frame)[0];

  assert.deepEqual([first, count, keypoint.subarray(0, count).includes(0)], [200, 199, false]);
});

test("a target without points of one kind is matched by the other", () => {
  const random = randomNumbers(8);
  const subject = target(random);
  subject.features[0] = randomFeatures(0, random);

  const matches = new Matcher([subject], 100).match(...asFrame(subject.features[1], 1, 0, random))[0];

  assert.equal(matches.count, 80);
});
