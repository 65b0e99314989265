// What is to be shown: fetches the manifest, waits until the content is prepared, fetches the target.

/**
 * @typedef {object} PlayableVideo
 * @property {string} url
 * @property {number | null} width_px
 * @property {number | null} height_px
 * @property {number | null} duration_s
 * @property {string | null} poster_url
 * @property {{url: string, language: string, label: string}[]} [captions]
 */

/**
 * How the video is shown on the picture.
 * @typedef {object} OverlayLook
 * @property {"cover" | "contain" | "stretch"} fit of a video of another form than the picture's
 * @property {"hide" | "keep" | "full_screen"} when_lost what becomes of it when the picture is lost
 * @property {boolean} stacked_alpha whether its lower half says how opaque its upper half is
 */

/**
 * @typedef {object} Manifest
 * @property {string} code
 * @property {string} title
 * @property {"processing" | "ready" | "failed"} status
 * @property {{url: string | null, width_px: number, height_px: number, picture_url: string} | null} target
 * @property {PlayableVideo[]} videos
 * @property {OverlayLook} [overlay] not in a manifest that was kept from before there was a choice
 * @property {{label: string, url: string} | null} call_to_action
 */

const POLL_EVERY_MS = 3000;

/** Something could not be fetched. */
export class NotFetched extends Error {
  /** @param {string} url @param {unknown} cause a status, or what the network said */
  constructor(url, cause) {
    super(`${url}: ${cause}`, { cause });
  }
}

/**
 * Fetch the manifest, again and again while the content is being prepared.
 * @param {string} url
 * @param {(manifest: Manifest) => void} onProcessing called after each look that finds it unprepared
 * @returns {Promise<Manifest>} of a content that is ready or has failed
 * @throws {NotFetched}
 */
export async function settledManifest(url, onProcessing) {
  for (;;) {
    const response = await fetched(url);
    /** @type {Manifest} */
    const manifest = await response.json();
    if (manifest.status !== "processing") return manifest;
    onProcessing(manifest);
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
  }
}

/**
 * Fetch a target.
 * @param {string} url
 * @param {(share: number) => void} onProgress told the share that has come, 0..1, where the size is known
 * @returns {Promise<ArrayBuffer>}
 * @throws {NotFetched}
 */
export async function fetchTarget(url, onProgress) {
  const response = await fetched(url);
  const total = Number(response.headers.get("Content-Length"));
  const isCompressed = response.headers.has("Content-Encoding"); // then the length is not that of what comes
  const chunks = [];
  let length = 0;
  try {
    if (response.body === null) return await response.arrayBuffer();
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      chunks.push(part.value);
      length += part.value.length;
      if (total > 0 && !isCompressed) onProgress(Math.min(1, length / total));
    }
  } catch (error) {
    throw new NotFetched(url, error);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes.buffer;
}

/** @param {string} url */
async function fetched(url) {
  let response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new NotFetched(url, error);
  }
  if (!response.ok) throw new NotFetched(url, response.status);
  return response;
}
