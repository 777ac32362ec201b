// Values for blocks in JavaScript: what other blocks export becomes variables, and variables become what they import.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { Decoder, Encoder, Unsupported } = require('./wire.cjs');
const { Incoming } = require('./incoming.cjs');

/** The name under which the code behind a block's last line says how its variables are read; `run.cjs` provides it. */
const HOOK = '__polyrun';

/** The values of one block. `names` and `values` are what it imports; `tail` is to stand behind its code. */
class Handing {
  constructor(inbox, outbox) {
    const incoming = new Incoming(inbox);
    const bytes = fs.readFileSync(path.join(inbox, 'values.cbor'));
    const facts = new Decoder(bytes, incoming.make.bind(incoming)).item();
    this.outbox = outbox;
    this.prefix = facts.prefix;
    this.exports = facts.exports;
    this.names = Object.keys(facts.imports);
    this.values = this.names.map((name) => incoming.plain(facts.imports[name]));
    this.readers = null;
    const exported = Object.keys(this.exports);
    const readers = exported.map((name) => `${JSON.stringify(name)}: () => ${name}`);
    this.tail = exported.length ? `\n;${HOOK}.reads({ ${readers.join(', ')} });` : '';
    // The first listener is the first one called; what others change later is beside the point of an exit listener.
    if (exported.length) process.once('exit', (status) => status === 0 && this.handOver());
  }

  /** Called by the block's last line: `readers` give the values that its variables then have. */
  reads(readers) {
    this.readers = readers;
  }

  /** Write what the block exports. A variable that it does not have is left out. */
  handOver() {
    if (this.readers === null) return;
    const { Outgoing } = require('./outgoing.cjs');
    const outgoing = new Outgoing(this.outbox, this.prefix);
    const encoder = new Encoder(outgoing.convert.bind(outgoing));
    const parts = [];
    const refused = {};
    for (const [name, declared] of Object.entries(this.exports)) {
      const read = this.#read(name);
      if (read === undefined) continue;
      try {
        parts.push(encoder.encode(name), encoder.encode(outgoing.top(read.value, declared)));
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        if (parts.length % 2) parts.pop();
        refused[name] = error.message;
      }
    }
    const head = encoder.encode({ polyrun: 1, refused });
    head[0]++; // one pair more: the exports, which are encoded already
    const exported = encoder.encode('exports');
    const count = Buffer.from([0xba, 0, 0, 0, 0]);
    count.writeUInt32BE(parts.length / 2, 1);
    const part = path.join(this.outbox, 'values.part');
    fs.writeFileSync(part, Buffer.concat([head, exported, count, ...parts]));
    fs.renameSync(part, path.join(this.outbox, 'values.cbor'));
  }

  #read(name) {
    try {
      return { value: this.readers[name]() };
    } catch (error) {
      if (error instanceof ReferenceError) return undefined; // it does not exist, or was never reached
      throw error;
    }
  }
}

/** The values of this block, or `null` when it has none. */
function open() {
  const { POLYRUN_IN: inbox, POLYRUN_OUT: outbox } = process.env;
  return inbox === undefined ? null : new Handing(inbox, outbox);
}

module.exports = { open };
