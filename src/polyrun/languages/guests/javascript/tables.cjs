// Tables: columns in the layout of Apache Arrow, read and written without a library for it.
'use strict';
const { ARRAYS, integers } = require('./incoming.cjs');
const { TAGS, Tagged, Unsupported } = require('./wire.cjs');

const ALIGNMENT = 64;
const PAGE = 4096;

/**
 * Columns of one length.
 *
 * `columns.price` is a column: a typed array of numbers where nothing is missing, else an array with `null`. Iterating gives
 * rows as objects, `length` counts them, `at(n)` is one row, `toArray()` all of them.
 */
class Table {
  #incoming;
  #stored;
  #read = new Map();

  constructor(incoming, rows, stored) {
    this.#incoming = incoming;
    this.#stored = stored;
    this.length = rows;
    this.types = Object.fromEntries(stored.map(([name, type]) => [name, type]));
    this.columns = {};
    for (const column of stored) {
      const get = () => this.#column(column);
      Object.defineProperty(this.columns, column[0], { get, enumerable: true });
    }
  }

  #column(column) {
    const [name] = column;
    if (!this.#read.has(name)) this.#read.set(name, readColumn(this.#incoming, this.length, column));
    return this.#read.get(name);
  }

  at(n) {
    const row = n < 0 ? this.length + n : n;
    if (row < 0 || row >= this.length) return undefined;
    return Object.fromEntries(Object.keys(this.columns).map((name) => [name, this.columns[name][row]]));
  }

  *[Symbol.iterator]() {
    for (let n = 0; n < this.length; n++) yield this.at(n);
  }

  toArray() {
    return [...this];
  }

  /** What `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')]() {
    const columns = Object.entries(this.types).map((column) => column.join(': '));
    return `<table of ${this.length} rows: ${columns.join(', ')}>`;
  }

  /** What it is made of, for handing it on as it is: [name, type, validity, data, offsets] of each column. */
  parts() {
    const bytes = (ref) => (ref === null ? null : this.#incoming.read(ref));
    return this.#stored.map(([name, type, ...refs]) => [name, type, ...refs.map(bytes)]);
  }
}

/** The table that a value file describes. */
function readTable(incoming, rows, columns) {
  return new Table(incoming, rows, columns);
}

function readColumn(incoming, rows, [name, type, validity, data, offsets]) {
  const values = present(incoming, rows, name, type, data, offsets);
  if (validity === null) return values;
  const valid = bits(incoming.read(validity), rows);
  if (valid.every(Boolean)) return values;
  return Array.from(values, (value, n) => (valid[n] ? value : null));
}

/** All values of a column, anything at all for those that are missing. */
function present(incoming, rows, name, type, data, offsets) {
  const bytes = incoming.read(data);
  const base = type.split('(')[0];
  if (base === 'bool') return bits(bytes, rows);
  if (base === 'int64') return integers(bytes);
  if (base in ARRAYS) return new ARRAYS[base](bytes.buffer);
  if (base === 'str' || base === 'bytes') return texts(bytes, new Int32Array(incoming.read(offsets).buffer), base);
  return moments(name, type, bytes);
}

function bits(bytes, count) {
  return Array.from({ length: count }, (_, n) => ((bytes[n >> 3] >> (n & 7)) & 1) === 1);
}

function texts(bytes, ends, base) {
  const buffer = Buffer.from(bytes.buffer);
  const cut = base === 'str' ? (a, b) => buffer.toString('utf8', a, b) : (a, b) => bytes.slice(a, b);
  return Array.from({ length: ends.length - 1 }, (_, n) => cut(ends[n], ends[n + 1]));
}

/** Timestamps as `Date`, which is exact to the millisecond: what is finer is refused, not rounded. */
function moments(name, type, bytes) {
  const [unit, zone] = type.slice(type.indexOf('(') + 1, -1).split(',');
  const divisor = unit === 'ns' ? 1_000_000n : 1000n;
  return Array.from(new BigInt64Array(bytes.buffer), (count) => {
    if (count % divisor !== 0n) throw new RangeError(`the column ${name} has times finer than a millisecond, which no Date is`);
    const date = new Date(Number(count / divisor));
    return zone === 'UTC' ? date : Object.defineProperty(date, 'zone', { value: zone, enumerable: true, writable: true });
  });
}

/** An array of objects with the same keys, or an object of arrays of one length, as a table. */
function writePlain(outgoing, value) {
  const listed = (values) => (dtypeOf(values) ? values : Array.from(values));
  const columns = Array.isArray(value) ? columnsOf(value) : new Map(Object.entries(value).map(([k, v]) => [k, listed(v)]));
  const [first = []] = columns.values();
  for (const column of columns.values()) {
    if (column.length !== first.length) throw new Unsupported('the columns of a table must all have the same length');
  }
  const parts = Array.from(columns, ([name, values]) => [name, ...columnOf(name, values)]);
  return write(outgoing, first.length, parts);
}

function columnsOf(rows) {
  const columns = new Map();
  for (const row of rows) {
    if (row === null || typeof row !== 'object' || Array.isArray(row)) {
      throw new Unsupported('a table is made of objects, one for each row, and this array holds something else');
    }
    for (const name of Object.keys(row)) if (!columns.has(name)) columns.set(name, null);
  }
  for (const name of columns.keys()) columns.set(name, rows.map((row) => row[name] ?? null));
  return columns;
}

function kindOf(value) {
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'int' : 'float';
  if (value instanceof Date) return 'Date';
  if (value instanceof Uint8Array) return 'Uint8Array';
  return typeof value;
}

/** The type of the numbers of a typed array; `undefined` for anything else. */
function dtypeOf(values) {
  if (values.dtype === 'bool') return 'bool'; // as an array that was imported
  return Object.keys(ARRAYS).find((dtype) => dtype !== 'bool' && values instanceof ARRAYS[dtype]);
}

/** The type and the parts of a column of `values`, which must be of one kind; typed arrays keep theirs. */
function columnOf(name, values) {
  const dtype = dtypeOf(values);
  if (values.shape?.length > 1) throw new Unsupported(`the column \`${name}\` has more than one dimension`);
  if (dtype) return [dtype, null, dtype === 'bool' ? packBits(values, Boolean) : asBytes(values), null];
  const kinds = new Set(values.filter((value) => value !== null).map(kindOf));
  if (kinds.has('float')) kinds.delete('int');
  if (kinds.delete('bigint')) kinds.add('int');
  if (kinds.size > 1) throw new Unsupported(`the column \`${name}\` mixes ${[...kinds].sort().join(' and ')}`);
  const validity = values.includes(null) ? packBits(values, (value) => value !== null) : null;
  const [kind = 'string'] = kinds;
  const write = WRITERS[kind];
  if (write === undefined) throw new Unsupported(`the column \`${name}\` holds a ${kind}, which no column of a table can`);
  const [type, data, offsets = null] = write(values, name);
  return [type, validity, data, offsets];
}

const WRITERS = {
  boolean: (values) => ['bool', packBits(values, Boolean)],
  int: (values) => ['int64', asBytes(BigInt64Array.from(values, (value) => BigInt(value ?? 0)))],
  float: (values) => ['float64', asBytes(Float64Array.from(values, (value) => value ?? 0))],
  string: (values) => variable('str', values.map((value) => Buffer.from(value ?? ''))),
  Uint8Array: (values) => variable('bytes', values.map((value) => value ?? new Uint8Array())),
  Date: dates,
};

function dates(values, name) {
  const zones = new Set(values.filter(Boolean).map((value) => value.zone ?? 'UTC'));
  if (zones.size > 1) throw new Unsupported(`the column \`${name}\` mixes time zones`);
  const [zone] = zones;
  return [`timestamp(us,${zone})`, asBytes(BigInt64Array.from(values, (value) => BigInt(value?.getTime() ?? 0) * 1000n))];
}

function variable(type, pieces) {
  const offsets = new Int32Array(pieces.length + 1);
  let total = 0;
  pieces.forEach((piece, n) => {
    total += piece.length;
    if (total > 0x7fffffff) throw new Unsupported('a column of texts can hold 2 GiB at most');
    offsets[n + 1] = total;
  });
  return [type, Buffer.concat(pieces, total), asBytes(offsets)];
}

function packBits(values, test) {
  const packed = new Uint8Array((values.length + 7) >> 3);
  values.forEach((value, n) => test(value) && (packed[n >> 3] |= 1 << (n & 7)));
  return packed;
}

function asBytes(numbers) {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** A table that came from another block, handed on as it is. */
function writeTable(outgoing, table) {
  return write(outgoing, table.length, table.parts());
}

/** Write columns, each [name, type, validity, data, offsets], to a file of their own. */
function write(outgoing, rows, columns) {
  if (columns.length === 0) return new Tagged(TAGS.table, [0, []]);
  const { writeAll } = require('./outgoing.cjs');
  const room = columns.reduce((sum, [name]) => sum + 512 + Buffer.byteLength(name), 2048);
  let at = Math.ceil(room / PAGE) * PAGE;
  const refs = [];
  const file = outgoing.write('.arrow', (fd) => {
    for (const [, , ...parts] of columns) {
      for (const part of parts) {
        if (part === null) {
          refs.push(null);
          continue;
        }
        at = Math.ceil(at / ALIGNMENT) * ALIGNMENT;
        writeAll(fd, part, at);
        refs.push([at, part.length]);
        at += part.length;
      }
    }
    require('node:fs').ftruncateSync(fd, at);
  });
  const tagged = refs.map((ref) => ref && new Tagged(TAGS.ref, [file, ...ref]));
  const described = columns.map(([name, type], n) => [name, type, ...tagged.slice(3 * n, 3 * n + 3)]);
  return new Tagged(TAGS.table, [rows, described]);
}

module.exports = { Table, readTable, writePlain, writeTable };
