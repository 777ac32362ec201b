// What a block imports, as objects of JavaScript.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { TAGS } = require('./wire.cjs');

const ARRAYS = {
  bool: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array,
  uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array, float32: Float32Array, float64: Float64Array,
};

/** Bytes of a data file. */
class Ref {
  constructor(file, offset, length) {
    Object.assign(this, { file, offset, length });
  }
}

/** Makes the objects of one inbox. */
class Incoming {
  constructor(folder) {
    this.folder = folder;
  }

  /** The bytes that `ref` names, in a buffer of their own, so that numbers of any size are aligned in it. */
  read(ref) {
    const data = new Uint8Array(ref.length);
    const fd = fs.openSync(path.join(this.folder, ref.file), 'r');
    try {
      for (let at = 0, got = 1; at < data.length && got > 0; at += got) {
        got = fs.readSync(fd, data, at, Math.min(data.length - at, 1 << 30), ref.offset + at);
      }
    } finally {
      fs.closeSync(fd);
    }
    return data;
  }

  /** The object for `value`, which stands behind `tag`. */
  make(tag, value) {
    switch (tag) {
      case TAGS.ref:
        return new Ref(...value);
      case TAGS.bigInt:
        return BigInt(value);
      case TAGS.packed:
        return this.#numbers(...value);
      case TAGS.array:
        return this.#array(...value);
      case TAGS.table:
        return require('./tables.cjs').readTable(this, ...value);
      case TAGS.timestamp:
        return moment(value);
      case TAGS.file:
        return path.join(this.folder, value[2].file);
      default:
        throw new Error(`a value has the unknown tag ${tag}`); // PolyRun does not hand over what JavaScript cannot hold
    }
  }

  /** `value` without references: bytes that were stored in a file are read. */
  plain(value) {
    if (value instanceof Ref) return this.read(value);
    if (Array.isArray(value)) return value.some(isInner) ? value.map((item) => this.plain(item)) : value;
    if (isPlainObject(value)) for (const key of Object.keys(value)) if (isInner(value[key])) value[key] = this.plain(value[key]);
    return value;
  }

  #numbers(dtype, data) {
    const bytes = data instanceof Ref ? this.read(data) : data.slice();
    return dtype === 'float64' ? Array.from(new Float64Array(bytes.buffer)) : integers(bytes);
  }

  #array(dtype, shape, order, ref) {
    return grid(new ARRAYS[dtype](this.read(ref).buffer), dtype, shape, order);
  }
}

/** A typed array that knows its `dtype`, `shape` and `order`. */
function grid(numbers, dtype, shape, order = 'C') {
  return Object.defineProperties(numbers, { dtype: { value: dtype }, shape: { value: shape }, order: { value: order } });
}

/** Integers of 64 bits as numbers; those that no number is are BigInts. */
function integers(bytes) {
  const halves = new Int32Array(bytes.buffer);
  const found = new Array(halves.length / 2);
  for (let n = 0; n < found.length; n++) {
    const high = halves[2 * n + 1];
    const low = halves[2 * n] >>> 0;
    const number = high * 0x100000000 + low;
    found[n] = Number.isSafeInteger(number) ? number : (BigInt(high) << 32n) | BigInt(low);
  }
  return found;
}

/** A moment; the zone it was given in is its property `zone`. */
function moment(text) {
  const [, iso, offset, zone] = /^([^Z+[]*?)(Z|[+-]\d\d:\d\d)(?:\[(.*)\])?$/.exec(text);
  const date = new Date(iso + offset);
  const place = zone ?? (offset === 'Z' ? undefined : offset);
  return place === undefined ? date : Object.defineProperty(date, 'zone', { value: place, enumerable: true, writable: true });
}

function isInner(value) {
  return value instanceof Ref || Array.isArray(value) || isPlainObject(value);
}

function isPlainObject(value) {
  return value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}

module.exports = { ARRAYS, Incoming, Ref, grid, integers, isPlainObject };
