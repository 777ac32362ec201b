// Put compiled JavaScript where its TypeScript stands: `layOut(code, map)`.
//
// The compiler moves lines. Its source map says where each piece came from, and pieces are separated by white space,
// which means nothing between tokens; so a piece goes back to its own line and column by line breaks and blanks alone.
// Then Node names the right position by itself, in every message and without a source map at run time.
//
// The compiler must end its own lines with CRLF: a lone LF is then the text of a template, which has to stay.
'use strict';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const ENDS_LINE = /(\r\n|[\n\r\u2028\u2029])/;
const CLOSES = /^[\s;,)]/; // the map gives these the end of a longer piece, which may lie far behind
const BEFORE_BREAK = /(?:^|[^\w$.])(?:return|throw|break|continue|yield|async)\s*$/; // a line break would end these
const AFTER_BREAK = /^(?:=>|\+\+|--)/; // and must not come before these
const WORD = /[\w$\u0080-\uffff]/;
const OPERATOR = /[-+*/%&|^!~<>=?:.]/;
const SPACED_END = /(\S) ((?:[-=<>!&|*%?:^+(]|(?<!\$)\{)+)$/; // `${` would be the text of a template

// The pieces of `code`, in order: the text up to the next mapping or line end, and the line and column it came from.
function piecesOf(code, mappings) {
  const mapped = mappings.split(';');
  const pieces = [];
  let [line, column] = [0, 0];
  code.split(ENDS_LINE).forEach((text, index) => {
    const marks = [{ at: 0 }];
    let at = 0;
    for (const segment of index % 2 ? [] : (mapped[index / 2] ?? '').split(',').filter(Boolean)) {
      const [step, source, lines, columns] = numbersOf(segment);
      at += step;
      if (source === undefined) continue;
      [line, column] = [line + lines, column + columns];
      marks.push({ at, line, column });
    }
    marks.forEach((mark, i) => pieces.push({ ...mark, text: text.slice(mark.at, marks[i + 1]?.at) }));
  });
  return pieces.filter((piece) => piece.text !== '');
}

// The numbers of one segment of a source map, in Base64 VLQ.
function numbersOf(segment) {
  const numbers = [];
  let [value, shift] = [0, 0];
  for (const character of segment) {
    const digit = DIGITS.indexOf(character);
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}

// The largest set of pieces whose lines never go back: those that can all stand where they came from.
function placeable(pieces) {
  const tails = []; // of the best chain of each length so far, its last piece
  const previous = new Map();
  for (const piece of pieces) {
    if (piece.line === undefined || CLOSES.test(piece.text)) continue;
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tails[middle].line <= piece.line) low = middle + 1;
      else high = middle;
    }
    previous.set(piece, tails[low - 1]);
    tails[low] = piece;
  }
  const chain = new Set();
  for (let piece = tails.at(-1); piece !== undefined; piece = previous.get(piece)) chain.add(piece);
  return chain;
}

// The text as it grows. Its last line is `row`, so `rows.length` and `row.length` are the line and the column.
class Page {
  rows = [];
  row = '';
  #apart = false; // the compiler broke the line here

  add(text) {
    if (text === '\r\n') {
      this.#apart = true;
    } else if (ENDS_LINE.test(text)) {
      this.rows.push(this.row + text);
      this.row = '';
    } else if (!this.#apart) {
      this.row += text;
    } else if (text.trim() !== '') {
      this.#separate();
      this.row += text.trimStart();
    }
  }

  // Go to where `piece` came from, as near as can be without a change of meaning.
  goTo(piece) {
    const mayBreak = this.#apart || !(BEFORE_BREAK.test(this.row.slice(-12)) || AFTER_BREAK.test(piece.text));
    if (piece.line > this.rows.length && mayBreak) {
      this.rows.push(`${this.row}\n`);
      while (this.rows.length < piece.line) this.rows.push('\n');
      this.row = '';
      this.#apart = false;
    }
    if (piece.line !== this.rows.length) return;
    this.#separate();
    for (let row = this.row; row?.length >= piece.column; row = tightened(row, piece.text)) this.row = row;
    this.row = this.row.padEnd(piece.column);
  }

  #separate() {
    if (this.#apart && this.row !== '') this.row += ' ';
    this.#apart = false;
  }

  toString() {
    return this.rows.join('') + this.row;
  }
}

// `row` without one blank near its end that is there for the eye only, if there is one.
function tightened(row, next) {
  if (row.endsWith(' ')) return mayTouch(row.at(-2), next[0]) ? row.slice(0, -1) : undefined;
  const end = SPACED_END.exec(row);
  return end !== null && mayTouch(end[1], end[2][0]) ? row.slice(0, end.index + 1) + end[2] : undefined;
}

// Whether two characters of different tokens stay different tokens side by side.
function mayTouch(left = '', right) {
  return !(WORD.test(left) && WORD.test(right)) && !(OPERATOR.test(right) && (OPERATOR.test(left) || /\d/.test(left)));
}

// `code` with its pieces at the lines and columns that the source map `map` (parsed) gives them.
function layOut(code, map) {
  const pieces = piecesOf(code, map.mappings);
  const chain = placeable(pieces);
  const page = new Page();
  for (const piece of pieces) {
    if (chain.has(piece)) page.goTo(piece);
    page.add(piece.text);
  }
  return page.toString();
}

module.exports = { layOut };
