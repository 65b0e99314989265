// The state machine of recognition: searching for any of the targets, tracking one, losing it. Frames go in,
// in order; events come out. Knows nothing of cameras, workers or clocks: the same frames give the same events.

import { Describer } from "./freak.js";
import { Detector } from "./detect.js";
import { Matcher } from "./match.js";
import { PoseFilter } from "./filter.js";
import { PoseFinder } from "./pose.js";
import { ScaleSpace } from "./pyramid.js";
import { FramePyramid, Tracker } from "./track.js";
import { blankImage, magnifyInto } from "./image.js";
import { mix, multiply, normalizedAt } from "./homography.js";

/** @import { Keypoints } from "./detect.js" */
/** @import { Descriptions } from "./freak.js" */
/** @import { Homography } from "./homography.js" */
/** @import { GreyImage } from "./image.js" */
/** @import { Target } from "./target.js" */
/** @import { Blur, Sighting } from "./track.js" */

/**
 * What happened in a frame. `homography` is there but for "lost"; it maps pixels of the picture to pixels of the
 * frame, both from the top left corner.
 * @typedef {object} RecognitionEvent
 * @property {"found" | "update" | "lost"} type
 * @property {number} target number of the target in its file
 * @property {Homography | null} homography
 */

/** The keypoints a frame may have. Small pictures lie in few buckets, so a bucket may hold many. */
const LIMITS = { perBucket: 20, total: 1500 };
/** Poses that are looked at closely in one frame, for each target. */
const MOST_PROPOSALS = 3;
/** Targets whose poses are looked at in one frame, and matches of each, the nearest ones, that choose them. */
const MOST_TARGETS = 3;
const MOST_VOTERS = 30;
/** Patches of a level that a slow machine looks at. */
const FEW_PATCHES = 48;
/** A rough proposal, with less than a share of its patches, is looked at so many times more, each from the last. */
const SETTLING = 3;
const SETTLED = 0.9;
/**
 * What is asked of a first sighting, and of one that goes on: patches, share of those to be seen, and support, where a
 * patch counts the more the liker it is.
 */
const FOUND = { inliers: 10, share: 0.3, support: 12 };
const KEPT = { inliers: 8, share: 0.2, support: 8 };
/** No support is asked for where this share is seen: a small picture has few patches. */
const MOST_OF_IT = 0.7;
/** A picture that is largely covered: few patches, but these as they should be. */
const COVERED = { inliers: 15, share: 0.2, likeness: 0.94 };
const MOST_MISSED = 3;
/** Least time between two searches: more would only cost battery. */
const SEARCH_EVERY_MS = 55;
/**
 * Parts of the frame that are looked at magnified, one after the other, in every other search: their middles, as shares
 * of the frame, and the symmetric map from pixels of what is looked at to those of the frame (xx, xy, yy). One that
 * shrinks both ways shows small pictures larger; one that shrinks a single way, along the frame's sides or across,
 * straightens up pictures that are seen from the side.
 */
const PARTS = [
  [0.5, 0.5, 0.35, 0, 0.35], [0.5, 0.5, 1, 0, 0.4], [0.5, 0.5, 0.4, 0, 1], [0.5, 0.5, 0.7, 0.3, 0.7],
  [0.5, 0.5, 0.7, -0.3, 0.7], [0.25, 0.25, 0.5, 0, 0.5], [0.75, 0.25, 0.5, 0, 0.5], [0.25, 0.75, 0.5, 0, 0.5],
  [0.75, 0.75, 0.5, 0, 0.5],
];
const WHOLE = [0.5, 0.5, 1, 0, 1];
/** Share of the last motion that is expected again. */
const MOMENTUM = 0.8;

/** Recognises and follows targets in frames of one size. */
export class Session {
  /**
   * @param {Target[]} targets
   * @param {number} width of the frames, in pixels
   * @param {number} height
   */
  constructor(targets, width, height) {
    this.width = width;
    this.height = height;
    this.large = this.eye(1);
    /** @type {ReturnType<Session["eye"]> | null} */
    this.small = null;
    this.describer = new Describer(LIMITS.total);
    this.pyramid = new FramePyramid(width, height);
    /** Of each target; and of many together, to tell which of them are likely. */
    this.matchers = targets.map((target) => new Matcher([target], LIMITS.total));
    this.rough = targets.length > MOST_TARGETS ? new Matcher(targets, LIMITS.total, { isRough: true }) : null;
    this.seekers = targets.map((target) => ({
      target,
      finder: new PoseFinder(target),
      tracker: new Tracker(target),
      filter: new PoseFilter(target.width, target.height),
    }));
    /** Whether to do less for each frame: this machine is slow. */
    this.isThrifty = false;
    this.searchedAtMs = -Infinity;
    /** Searches without success so far. */
    this.attempts = 0;
    /** @type {Track | null} */
    this.track = null;
  }

  /** What keypoints are found with, and room for a part of the frame. @param {number} factor smaller than frames */
  eye(factor) {
    const [width, height] = [Math.floor(this.width / factor), Math.floor(this.height / factor)];
    const space = new ScaleSpace(width, height);
    return { space, detector: new Detector(space, LIMITS), image: blankImage(width, height) };
  }

  /**
   * @param {GreyImage} frame of the session's size; kept until the next call
   * @param {number} timestampMs of the frame
   * @returns {RecognitionEvent | null} null while nothing is seen or a target is missed for a moment
   */
  process(frame, timestampMs) {
    this.pyramid.fill(frame);
    for (const { tracker } of this.seekers) tracker.mostPatches = this.isThrifty ? FEW_PATCHES : Infinity;
    const { track } = this;
    if (track === null) return this.search(frame, timestampMs);
    const sighting = this.follow(track, timestampMs) ?? this.find(frame, [track.target])?.sighting ?? null;
    if (sighting !== null) return this.see(track, sighting, timestampMs, "update");
    track.missed += 1;
    track.before = null;
    return track.missed < MOST_MISSED ? null : this.lose();
  }

  /**
   * Forget what is being tracked.
   * @returns {RecognitionEvent | null} "lost" when something was
   */
  lose() {
    const { track } = this;
    if (track === null) return null;
    this.track = null;
    this.seekers[track.target].filter.reset();
    return { type: "lost", target: track.target, homography: null };
  }

  /** @param {GreyImage} frame @param {number} timestampMs */
  search(frame, timestampMs) {
    if (Math.abs(timestampMs - this.searchedAtMs) < SEARCH_EVERY_MS) return null;
    this.searchedAtMs = timestampMs;
    const { attempts } = this;
    const part = attempts % 2 === 0 ? WHOLE : PARTS[(attempts >> 1) % PARTS.length];
    const found = this.find(frame, this.seekers.keys(), part);
    this.attempts = found === null ? attempts + 1 : 0;
    if (found === null) return null;
    this.track = new Track(found.target);
    return this.see(this.track, found.sighting, timestampMs, "found");
  }

  /**
   * Look for targets anywhere in the frame, or in a part of it.
   * @param {GreyImage} frame
   * @param {Iterable<number>} targets numbers of those that are looked for
   * @param {number[]} [part] of `PARTS`
   * @returns {{target: number, sighting: Sighting} | null}
   */
  find(frame, targets, part = WHOLE) {
    const { keypoints, descriptions, toFrame } = this.describe(frame, part);
    for (const target of this.likeliest(Array.from(targets), keypoints, descriptions)) {
      const { finder, tracker } = this.seekers[target];
      const [matches] = this.matchers[target].match(keypoints, descriptions);
      const proposals = finder.propose(matches, keypoints, descriptions).slice(0, MOST_PROPOSALS);
      for (const { homography } of proposals) {
        let sighting = tracker.track(this.pyramid, multiply(toFrame, homography));
        for (let i = 0; i < SETTLING && sighting !== null && sighting.inliers < SETTLED * sighting.visible; i += 1) {
          sighting = tracker.track(this.pyramid, sighting.homography, sighting.blur);
        }
        if (sighting !== null && isEnough(sighting, FOUND)) return { target, sighting };
      }
    }
    return null;
  }

  /**
   * Describe the keypoints of a frame, or of a part of it: magnified, but as it is on a slow machine.
   * @param {GreyImage} frame
   * @param {number[]} part of `PARTS`
   * @returns {{keypoints: Keypoints, descriptions: Descriptions, toFrame: Float64Array}} overwritten by the next call, but
   *   for the homography from where keypoints are to the frame
   */
  describe(frame, part) {
    const isWhole = part === WHOLE;
    const { space, detector, image } = this.isThrifty && !isWhole ? (this.small ??= this.eye(2)) : this.large;
    const [middleX, middleY, ...map] = part;
    const [xx, xy, yy] = map.map((value) => (value * this.width) / space.width);
    const left = middleX * this.width - 0.5 * (xx * space.width + xy * space.height);
    const top = middleY * this.height - 0.5 * (xy * space.width + yy * space.height);
    const toFrame = Float64Array.of(xx, xy, left, xy, yy, top, 0, 0, 1);
    if (!isWhole) magnifyInto(frame, image, toFrame);
    space.fill(isWhole ? frame : image);
    const keypoints = detector.detect();
    return { keypoints, descriptions: this.describer.describe(space, keypoints), toFrame };
  }

  /**
   * The targets that the most rough matches agree on.
   * @param {number[]} numbers of the targets
   * @param {Keypoints} keypoints
   * @param {Descriptions} descriptions
   * @returns {number[]} at most `MOST_TARGETS`, the likeliest first
   */
  likeliest(numbers, keypoints, descriptions) {
    if (this.rough === null || numbers.length <= MOST_TARGETS) return numbers;
    const matches = this.rough.match(keypoints, descriptions);
    const votes = numbers.map((target) => {
      const { finder } = this.seekers[target];
      finder.collect(matches[target], keypoints, descriptions);
      const { count, distance } = matches[target];
      const nearest = Array.from({ length: count }, (_, i) => i).sort((i, j) => distance[i] - distance[j]);
      const voters = nearest.slice(0, MOST_VOTERS);
      return { target, most: Math.max(0, ...voters.map((voter) => finder.agreeing(voter).length)) };
    });
    return votes.sort((a, b) => b.most - a.most).slice(0, MOST_TARGETS).map(({ target }) => target);
  }

  /**
   * Look where the target should be by now; failing that, where it was.
   * @param {Track} track
   * @param {number} timestampMs
   * @returns {Sighting | null}
   */
  follow(track, timestampMs) {
    const { tracker } = this.seekers[track.target];
    for (const start of track.expectations(timestampMs)) {
      const sighting = tracker.track(this.pyramid, start, track.blur);
      if (sighting !== null && isEnough(sighting, KEPT)) return sighting;
    }
    return null;
  }

  /**
   * @param {Track} track
   * @param {Sighting} sighting
   * @param {number} timestampMs
   * @param {"found" | "update"} type
   * @returns {RecognitionEvent}
   */
  see(track, sighting, timestampMs, type) {
    const { target, filter } = this.seekers[track.target];
    track.blur = sighting.blur;
    track.move(normalizedAt(sighting.homography, target.width / 2, target.height / 2), timestampMs);
    return { type, target: track.target, homography: filter.apply(sighting.homography, timestampMs) };
  }
}

/** Where a target was seen lately. */
class Track {
  /** @param {number} target */
  constructor(target) {
    this.target = target;
    this.missed = 0;
    /** @type {Homography | null} */
    this.last = null;
    this.lastAtMs = 0;
    /** @type {Blur | null} */
    this.blur = null;
    /** @type {Homography | null} pose before the last; null when not in the frame before */
    this.before = null;
    this.beforeAtMs = 0;
  }

  /** @param {Homography} homography @param {number} timestampMs */
  move(homography, timestampMs) {
    this.before = this.missed === 0 ? this.last : null;
    this.beforeAtMs = this.lastAtMs;
    this.last = homography;
    this.lastAtMs = timestampMs;
    this.missed = 0;
  }

  /**
   * Poses to start looking from, the likeliest first.
   * @param {number} timestampMs
   * @returns {Homography[]}
   */
  expectations(timestampMs) {
    if (this.last === null) return [];
    const step = this.lastAtMs - this.beforeAtMs;
    if (this.before === null || step <= 0) return [this.last];
    const share = MOMENTUM * Math.min((timestampMs - this.lastAtMs) / step, 2);
    return [mix(this.before, this.last, 1 + share), this.last];
  }
}

/**
 * @param {Sighting} sighting
 * @param {{inliers: number, share: number, support: number}} least
 */
function isEnough({ inliers, visible, likeness }, least) {
  const share = inliers / visible;
  if (inliers >= COVERED.inliers && share >= COVERED.share && likeness >= COVERED.likeness) return true;
  if (inliers < least.inliers || share < least.share) return false;
  return share >= MOST_OF_IT || inliers * (2 * likeness - 1) >= least.support;
}
