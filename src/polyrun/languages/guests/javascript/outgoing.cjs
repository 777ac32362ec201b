// What a block exports: its objects as encoded values, and large data in files of their own.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { ARRAYS, isPlainObject } = require('./incoming.cjs');
const { TAGS, Tagged, Unsupported, rawBytes } = require('./wire.cjs');

const NPY_HEAD = 256;
const PACK_FROM = 32;
const INLINE_BYTES = 64 * 1024;
const MEDIA = {
  '.csv': 'text/csv', '.gif': 'image/gif', '.html': 'text/html', '.jpeg': 'image/jpeg', '.jpg': 'image/jpeg',
  '.json': 'application/json', '.md': 'text/markdown', '.pdf': 'application/pdf', '.png': 'image/png',
  '.svg': 'image/svg+xml', '.txt': 'text/plain',
};

/** Writes to one outbox; the names of data files begin with `prefix`. */
class Outgoing {
  constructor(folder, prefix) {
    this.folder = folder;
    this.prefix = prefix;
    this.count = 0;
  }

  /** `value` as its declared type asks for it, where JavaScript has one thing for two types. */
  top(value, declared) {
    const kind = (declared ?? '').split('(')[0];
    if (kind === 'file' && typeof value === 'string') return this.#file(value);
    if (kind === 'array' && value instanceof Uint8Array) return this.#array(value);
    if (kind === 'table' && (Array.isArray(value) || isPlainObject(value))) {
      return require('./tables.cjs').writePlain(this, value);
    }
    return value;
  }

  /** A plain value or a `Tagged` for an object that is not a plain one; a plain one itself. */
  convert(value) {
    if (typeof value !== 'object') throw unreadable(value);
    if (Array.isArray(value)) return this.#list(value);
    if (isPlainObject(value) || Object.getPrototypeOf(value) === null) return value;
    if (ArrayBuffer.isView(value)) return this.#view(value);
    if (value instanceof ArrayBuffer) return this.bytes(new Uint8Array(value));
    if (value instanceof Date) return timestamp(value);
    if (value instanceof Map) return fromMap(value);
    if (value instanceof URL && value.protocol === 'file:') return this.#file(require('node:url').fileURLToPath(value));
    if (value instanceof Number || value instanceof String || value instanceof Boolean) return value.valueOf();
    const { Table, writeTable } = require('./tables.cjs');
    if (value instanceof Table) return writeTable(this, value);
    throw unreadable(value);
  }

  /** A new data file whose name ends in `ending`; `fill(fd)` writes it. Its name. */
  write(ending, fill) {
    const name = `${this.prefix}${this.count++}${ending}`;
    const fd = fs.openSync(path.join(this.folder, name), 'wx');
    try {
      fill(fd);
    } finally {
      fs.closeSync(fd);
    }
    return name;
  }

  #list(list) {
    const numbers = packed(list);
    const isFloat = numbers instanceof Float64Array;
    if (numbers === null || (!isFloat && list.length < PACK_FROM)) return list;
    const dtype = isFloat ? 'float64' : 'int64';
    const data = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    return new Tagged(TAGS.packed, [dtype, data.length <= INLINE_BYTES ? rawBytes(data) : this.#npy(data)]);
  }

  #view(view) {
    const isBytes = view instanceof DataView || (view instanceof Uint8Array && view.dtype === undefined);
    if (isBytes) return this.bytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    return this.#array(view);
  }

  #array(numbers) {
    const found = Object.entries(ARRAYS).find(([name, kind]) => name !== 'bool' && numbers instanceof kind);
    if (found === undefined) throw unreadable(numbers);
    const data = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    const shape = numbers.shape ?? [numbers.length];
    if (shape.reduce((a, b) => a * b, 1) !== numbers.length) {
      throw new Unsupported(`its shape ${shape.join('x')} does not fit its ${numbers.length} numbers`);
    }
    return new Tagged(TAGS.array, [numbers.dtype ?? found[0], shape, numbers.order ?? 'C', this.#npy(data)]);
  }

  /** Numbers in a file of their own, behind the room for its head. */
  #npy(data) {
    const name = this.write('.npy', (fd) => {
      fs.ftruncateSync(fd, NPY_HEAD);
      writeAll(fd, data, NPY_HEAD);
    });
    return new Tagged(TAGS.ref, [name, NPY_HEAD, data.length]);
  }

  /** Bytes; many of them in a file of their own. */
  bytes(data) {
    if (data.length <= INLINE_BYTES) return rawBytes(data);
    const name = this.write('.bin', (fd) => writeAll(fd, data, 0));
    return new Tagged(TAGS.ref, [name, 0, data.length]);
  }

  /** A copy of the file at `source`. */
  #file(source) {
    const base = path.basename(source);
    const safe = base.replace(/[^A-Za-z0-9._-]/g, '_').slice(-100);
    const name = `${this.prefix}${this.count++}-${safe}`;
    const target = path.join(this.folder, name);
    try {
      fs.copyFileSync(source, target, fs.constants.COPYFILE_EXCL);
    } catch (error) {
      throw new Unsupported(`the file \`${source}\` cannot be read: ${error.code}`);
    }
    const media = MEDIA[path.extname(base).toLowerCase()] ?? 'application/octet-stream';
    return new Tagged(TAGS.file, [base, media, new Tagged(TAGS.ref, [name, 0, fs.statSync(target).size])]);
  }
}

/** `list` as a typed array if it holds numbers only: of integers, or, if one of them has a fraction, of floats. */
function packed(list) {
  let whole = true;
  if (list.length === 0) return null;
  for (let n = 0; n < list.length; n++) {
    const item = list[n];
    if (typeof item !== 'number') return null;
    if (whole && (!Number.isSafeInteger(item) || Object.is(item, -0))) whole = false;
  }
  if (!whole) return Float64Array.from(list);
  const numbers = new BigInt64Array(list.length);
  const halves = new Int32Array(numbers.buffer);
  for (let n = 0; n < list.length; n++) {
    halves[2 * n] = list[n]; // the low 32 bits (ECMA-262, ToInt32)
    halves[2 * n + 1] = Math.floor(list[n] / 0x100000000);
  }
  return numbers;
}

function timestamp(date) {
  if (Number.isNaN(date.getTime())) throw new Unsupported('it is a `Date` that is not a moment (Invalid Date)');
  const iso = date.toISOString().slice(0, -1);
  const { zone } = date;
  if (zone === undefined || zone === 'UTC') return new Tagged(TAGS.timestamp, trim(iso) + 'Z');
  const offset = /^[+-]\d\d:\d\d$/.test(zone) ? zone : offsetAt(date, zone);
  const minutes = (offset[0] === '-' ? -1 : 1) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4)));
  const there = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
  return new Tagged(TAGS.timestamp, trim(there) + offset + (offset === zone ? '' : `[${zone}]`));
}

/** A moment without the zeros at the end of its fraction. */
function trim(iso) {
  return iso.replace(/\.?0+$/, '');
}

/** How far `zone` is from UTC at that moment, as `+01:00`. */
function offsetAt(date, zone) {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const name = format.formatToParts(date).find((part) => part.type === 'timeZoneName').value;
  return name === 'GMT' ? '+00:00' : name.slice(3);
}

function fromMap(map) {
  for (const key of map.keys()) {
    if (typeof key !== 'string') throw new Unsupported(`the keys of a map must be texts, and ${String(key)} is not`);
  }
  return Object.fromEntries(map);
}

function unreadable(value) {
  return new Unsupported(`${describe(value)} has no form that other languages could read`);
}

function describe(value) {
  if (value === undefined) return '`undefined`';
  if (typeof value === 'function') return `a function or class (\`${value.name || 'anonymous'}\`)`;
  if (typeof value === 'symbol') return 'a symbol';
  const hint = value instanceof Set ? '; export an array of it' : '';
  return `an object of the class \`${value.constructor?.name ?? 'unknown'}\`${hint}`;
}

function writeAll(fd, data, position) {
  for (let at = 0; at < data.length; ) at += fs.writeSync(fd, data, at, Math.min(data.length - at, 1 << 30), position + at);
}

module.exports = { Outgoing, unreadable, writeAll };
