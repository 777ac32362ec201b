// The encoding of value files: CBOR (RFC 8949), and private tags for what that lacks. See docs/value-files.md.
'use strict';

const TAGS = Object.freeze({
  ref: 50500, bigInt: 50501, decimal: 50502, date: 50503, time: 50504, timestamp: 50505, duration: 50506, packed: 50507,
  array: 50508, table: 50509, file: 50510,
});
const MAX_DEPTH = 64;

/** A value that cannot be exported; the message says why, and is shown to the user. */
class Unsupported extends Error {}

/** A value behind a tag. */
class Tagged {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

/** Reads one value file; `make(tag, value)` turns what stands behind a tag into a value. */
class Decoder {
  constructor(bytes, make) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.make = make;
  }

  /** The next value. Integers are numbers where those are exact, else BigInts. */
  item() {
    const first = this.bytes[this.at++];
    if (first === 0xfb) {
      this.at += 8;
      return this.view.getFloat64(this.at - 8);
    }
    const number = this.#number(first & 31);
    switch (first >> 5) {
      case 0:
        return number;
      case 1:
        return typeof number === 'bigint' || number === Number.MAX_SAFE_INTEGER ? narrow(-1n - BigInt(number)) : -1 - number;
      case 2:
        return this.#take(number);
      case 3:
        return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at, number).toString((this.at += number) && 'utf8');
      case 4:
        return Array.from({ length: number }, () => this.item());
      case 5:
        return this.#map(number);
      case 6:
        return this.make(number, this.item());
      default:
        return first === 0xf5 ? true : first === 0xf4 ? false : null;
    }
  }

  #number(info) {
    if (info < 24) return info;
    const size = 1 << (info - 24);
    const at = this.at;
    this.at += size;
    if (size === 1) return this.view.getUint8(at);
    if (size === 2) return this.view.getUint16(at);
    if (size === 4) return this.view.getUint32(at);
    return narrow(this.view.getBigUint64(at));
  }

  #take(length) {
    this.at += length;
    return new Uint8Array(this.bytes.subarray(this.at - length, this.at));
  }

  #map(count) {
    const map = {};
    for (let n = 0; n < count; n++) {
      const key = this.item();
      const value = this.item();
      if (key === '__proto__') Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
      else map[key] = value;
    }
    return map;
  }
}

/** A BigInt as a number if that is exact. */
function narrow(big) {
  return big >= BigInt(Number.MIN_SAFE_INTEGER) && big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big;
}

/** Writes one value file; `convert(value)` turns an object that is no plain one into one that is, or into a `Tagged`. */
class Encoder {
  constructor(convert) {
    this.convert = convert;
    this.buffer = Buffer.alloc(4096);
    this.size = 0;
    this.depth = 0;
  }

  /** The bytes of `value`. Throws `Unsupported`. */
  encode(value) {
    this.size = 0;
    this.#value(value);
    return Buffer.from(this.buffer.subarray(0, this.size));
  }

  #value(value) {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#numeric(value);
      case 'boolean':
        return this.#byte(value ? 0xf5 : 0xf4);
      case 'bigint':
        return this.#big(value);
      case 'object':
        return value === null ? this.#byte(0xf6) : this.#object(value);
      default:
        return this.#value(this.convert(value));
    }
  }

  #object(value) {
    if (value instanceof Tagged) {
      this.#head(6, value.tag);
      return this.#value(value.value);
    }
    if (value instanceof Uint8Array && value.constructor === Uint8Array && value.raw) return this.#bytes(value);
    if (this.depth >= MAX_DEPTH) {
      throw new Unsupported(`it is nested deeper than ${MAX_DEPTH} levels, or contains itself`);
    }
    this.depth++;
    const plain = this.convert(value);
    if (plain !== value) this.#value(plain);
    else if (Array.isArray(value)) {
      this.#head(4, value.length);
      for (let n = 0; n < value.length; n++) this.#value(value[n]);
    } else {
      const keys = Object.keys(value);
      this.#head(5, keys.length);
      for (const key of keys) {
        this.#text(key);
        this.#value(value[key]);
      }
    }
    this.depth--;
  }

  /** A number without a fraction is an integer, unless it is -0 or too large to be told from its neighbours. */
  #numeric(value) {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      return value >= 0 ? this.#head(0, value) : this.#head(1, -1 - value);
    }
    this.#byte(0xfb);
    this.#room(8);
    this.size = this.buffer.writeDoubleBE(value, this.size);
  }

  #big(value) {
    if (value >= -(1n << 63n) && value < 1n << 63n) {
      return value >= 0n ? this.#head(0, value) : this.#head(1, -1n - value);
    }
    const text = value.toString();
    if (text.length > 4300) throw new Unsupported('it is an int of more than 4300 digits');
    this.#head(6, TAGS.bigInt);
    this.#text(text);
  }

  #text(text) {
    if (!isWellFormed(text)) {
      throw new Unsupported('it holds half of a character (a lone surrogate), which no text can');
    }
    const length = Buffer.byteLength(text);
    this.#head(3, length);
    this.#room(length);
    this.size += this.buffer.write(text, this.size);
  }

  #bytes(data) {
    this.#head(2, data.length);
    this.#room(data.length);
    this.buffer.set(data, this.size);
    this.size += data.length;
  }

  #head(major, number) {
    this.#room(9);
    const info = number < 24 ? Number(number) : number < 0x100 ? 24 : number < 0x10000 ? 25 : number < 0x100000000 ? 26 : 27;
    this.buffer[this.size++] = (major << 5) | info;
    if (info === 24) this.size = this.buffer.writeUInt8(Number(number), this.size);
    else if (info === 25) this.size = this.buffer.writeUInt16BE(Number(number), this.size);
    else if (info === 26) this.size = this.buffer.writeUInt32BE(Number(number), this.size);
    else if (info === 27) this.size = this.buffer.writeBigUInt64BE(BigInt(number), this.size);
  }

  #byte(value) {
    this.#room(1);
    this.buffer[this.size++] = value;
  }

  #room(length) {
    if (this.size + length <= this.buffer.length) return;
    const larger = Buffer.alloc(Math.max(this.buffer.length * 2, this.size + length));
    this.buffer.copy(larger, 0, 0, this.size);
    this.buffer = larger;
  }
}

function isWellFormed(text) {
  return text.isWellFormed ? text.isWellFormed() : !/\p{Surrogate}/u.test(text);
}

/** Bytes to be written as a byte string. */
function rawBytes(data) {
  const copy = new Uint8Array(data);
  Object.defineProperty(copy, 'raw', { value: true });
  return copy;
}

module.exports = { Decoder, Encoder, Tagged, TAGS, Unsupported, narrow, rawBytes };
