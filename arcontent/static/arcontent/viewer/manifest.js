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
/** A server that has sent nothing for so long is given up: even a slow phone gets a byte meanwhile. */
const SILENT_AT_MOST_MS = 30_000;

/** Something could not be fetched. */
export class NotFetched extends Error {
  /** @param {string} url @param {unknown} cause a status, or what the network or the answer said */
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
    const manifest = await fetchManifest(url);
    if (manifest.status !== "processing") return manifest;
    onProcessing(manifest);
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
  }
}

/**
 * Fetch the manifest as it is now.
 * @param {string} url
 * @returns {Promise<Manifest>}
 * @throws {NotFetched}
 */
export async function fetchManifest(url) {
  return manifestOf(url, await fetched(url));
}

/**
 * Fetch a target.
 * @param {string} url
 * @param {(share: number) => void} onProgress told the share that has come, 0..1, where the size is known
 * @returns {Promise<ArrayBuffer>}
 * @throws {NotFetched}
 */
export async function fetchTarget(url, onProgress) {
  return (await fetched(url, onProgress)).arrayBuffer();
}

/**
 * Read a manifest. What is cut short is none, nor is the page of a network that wants visitors to sign in.
 * @param {string} url it came from
 * @param {Response} response
 * @returns {Promise<Manifest>}
 * @throws {NotFetched}
 */
async function manifestOf(url, response) {
  try {
    const manifest = await response.json();
    if (manifest.status && Array.isArray(manifest.videos)) return manifest;
  } catch (error) {
    throw new NotFetched(url, error);
  }
  throw new NotFetched(url, "no manifest");
}

/**
 * Fetch something whole.
 * @param {string} url
 * @param {(share: number) => void} [onProgress] as of `fetchTarget`
 * @returns {Promise<Response>} whose body is there
 * @throws {NotFetched}
 */
async function fetched(url, onProgress) {
  const silence = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const listen = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENT_AT_MOST_MS);
  };
  try {
    listen();
    const response = await fetch(url, { signal: silence.signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    if (response.body === null) return response;
    const total = Number(response.headers.get("Content-Length"));
    const isCompressed = response.headers.has("Content-Encoding"); // then the length is not that of what comes
    const chunks = [];
    let length = 0;
    const reader = response.body.getReader();
    for (;;) {
      listen();
      const part = await reader.read();
      if (part.done) break;
      chunks.push(part.value);
      length += part.value.length;
      if (total > 0 && !isCompressed) onProgress?.(Math.min(1, length / total));
    }
    return new Response(new Blob(chunks));
  } catch (error) {
    throw new NotFetched(url, error);
  } finally {
    clearTimeout(timer);
  }
}
