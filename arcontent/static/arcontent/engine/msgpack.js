// Reads MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), the container of `.mind` files.
// Nothing is allocated on the word of a length alone: a hostile file fails where its bytes end.

/** The bytes are not one whole MessagePack value. */
export class MalformedMsgpack extends Error {}

/** Deepest nesting that is followed; real files stay under 40. */
const MAX_DEPTH = 256;

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Decode exactly one value.
 *
 * Maps become objects without a prototype, `bin` becomes a `Uint8Array` that looks into `buffer`
 * (no copy), 64-bit integers become numbers and must be safe ones, extension types are refused.
 *
 * @param {ArrayBuffer} buffer
 * @returns {unknown}
 * @throws {MalformedMsgpack} when the bytes end early, go on afterwards, or hold an unknown type.
 */
export function decodeMsgpack(buffer) {
  const reader = new Reader(buffer);
  const value = reader.value(0);
  if (reader.at !== buffer.byteLength) throw new MalformedMsgpack("bytes after the value");
  return value;
}

class Reader {
  /** @param {ArrayBuffer} buffer */
  constructor(buffer) {
    this.view = new DataView(buffer);
    this.bytes = new Uint8Array(buffer);
    this.at = 0;
  }

  /**
   * Step over `length` bytes and say where they began.
   * @param {number} length
   */
  take(length) {
    const start = this.at;
    if (start + length > this.bytes.length) throw new MalformedMsgpack("the file ends early");
    this.at = start + length;
    return start;
  }

  /** @param {1 | 2 | 4} size @returns {number} an unsigned big-endian integer */
  uint(size) {
    const start = this.take(size);
    if (size === 1) return this.view.getUint8(start);
    return size === 2 ? this.view.getUint16(start) : this.view.getUint32(start);
  }

  /** @param {number} depth @returns {unknown} */
  value(depth) {
    if (depth > MAX_DEPTH) throw new MalformedMsgpack("nested too deeply");
    const type = this.uint(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.map(type & 0x0f, depth);
    if (type < 0xa0) return this.array(type & 0x0f, depth);
    if (type < 0xc0) return this.text(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    switch (type) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return this.binary(this.uint(1));
      case 0xc5: return this.binary(this.uint(2));
      case 0xc6: return this.binary(this.uint(4));
      case 0xca: return this.view.getFloat32(this.take(4));
      case 0xcb: return this.view.getFloat64(this.take(8));
      case 0xcc: return this.uint(1);
      case 0xcd: return this.uint(2);
      case 0xce: return this.uint(4);
      case 0xcf: return safeInteger(this.view.getBigUint64(this.take(8)));
      case 0xd0: return this.view.getInt8(this.take(1));
      case 0xd1: return this.view.getInt16(this.take(2));
      case 0xd2: return this.view.getInt32(this.take(4));
      case 0xd3: return safeInteger(this.view.getBigInt64(this.take(8)));
      case 0xd9: return this.text(this.uint(1));
      case 0xda: return this.text(this.uint(2));
      case 0xdb: return this.text(this.uint(4));
      case 0xdc: return this.array(this.uint(2), depth);
      case 0xdd: return this.array(this.uint(4), depth);
      case 0xde: return this.map(this.uint(2), depth);
      case 0xdf: return this.map(this.uint(4), depth);
      default: throw new MalformedMsgpack(`type 0x${type.toString(16)} is not supported`);
    }
  }

  /** @param {number} length */
  binary(length) {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** @param {number} length */
  text(length) {
    try {
      return UTF8.decode(this.binary(length));
    } catch (error) {
      if (error instanceof TypeError) throw new MalformedMsgpack("a text is not UTF-8");
      throw error;
    }
  }

  /** @param {number} length @param {number} depth */
  array(length, depth) {
    /** @type {unknown[]} */
    const items = [];
    for (let i = 0; i < length; i += 1) items.push(this.value(depth + 1));
    return items;
  }

  /** @param {number} length @param {number} depth */
  map(length, depth) {
    /** @type {Record<string, unknown>} */
    const entries = Object.create(null);
    for (let i = 0; i < length; i += 1) {
      const key = this.value(depth + 1);
      if (typeof key !== "string") throw new MalformedMsgpack("a key is not a text");
      entries[key] = this.value(depth + 1);
    }
    return entries;
  }
}

/** @param {bigint} value */
function safeInteger(value) {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new MalformedMsgpack("an integer is out of range");
  return number;
}
