// Check the types of a block and make it JavaScript that `run.cjs` runs:
// `compile.cjs COMPILER CODE BUILD WORK DOCUMENT LINE [TYPES...]` leaves `code.js` in the folder BUILD.
// TYPES are files that declare what the block imports.
//
// COMPILER is the program `tsc` of any release: a script for Node, or since TypeScript 7 a program of its own. Only what
// both promise is used: a `tsconfig.json`, the form of messages, and source maps.
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { layOut } = require('./layout.cjs');

const [compiler, codePath, build, work, document, firstLine, ...declared] = process.argv.slice(2);
const FILE = 'block.ts';
const EMITTED = 'emitted';
const MESSAGE = /^block\.ts\((\d+),(\d+)\): error (TS(\d+): .*)$/;
const ENDS_LINE = /\r\n|[\n\r\u2028\u2029]/;
const BEHIND = '/*polyrun*/'; // begins the line of ours behind the block's last one: the types of imports and exports
const OF_GRAMMAR = /^TS1\d{3}:/;
const NOT_GOOD = /Type '(.*)' does not satisfy the constraint '"good"'/;
const GROWING = /error TS70(?:05|34): Variable '([^']*)' implicitly has /;
const RETURN_OUTSIDE_FUNCTION = '1108'; // a script may, because it is run as the body of a function

// The folder `@types` that was installed along with the compiler, if it knows Node.
function typesOfNode() {
  for (let folder = compiler; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const types = path.join(folder, '@types');
    if (path.basename(folder) === 'node_modules' && fs.existsSync(path.join(types, 'node'))) return types;
  }
  return undefined;
}

function configuration() {
  const types = typesOfNode();
  return {
    files: [FILE, ...declared, ...(types === undefined ? [path.join(__dirname, 'node.d.ts')] : [])],
    compilerOptions: {
      strict: true,
      target: 'es2022',
      lib: ['es2023'],
      module: 'preserve', // `require` and `import` stay what they are
      moduleDetection: 'force', // names of a block are its own, and `await` may stand at its top
      types: types === undefined ? [] : ['node'],
      typeRoots: types === undefined ? [] : [types],
      skipLibCheck: true,
      allowJs: true, // modules beside the document
      paths: { '*': [path.join(work, 'node_modules', '*'), path.join(work, 'node_modules', '@types', '*')] },
      rootDirs: ['.', work],
      rootDir: '/',
      outDir: EMITTED,
      sourceMap: true,
      removeComments: true,
      newLine: 'crlf', // see `layout.cjs`
    },
  };
}

function runCompiler() {
  const isScript = fs.readFileSync(compiler).subarray(0, 2).toString() === '#!';
  const [program, ...first] = isScript ? [process.execPath, compiler] : [compiler];
  const options = { cwd: build, encoding: 'utf8', maxBuffer: Infinity };
  const ended = spawnSync(program, [...first, '--project', '.', '--pretty', 'false'], options);
  if (ended.error) throw ended.error;
  return ended;
}

// The compiler's messages with the document's own lines and names.
function messagesOf(output) {
  const beside = `${path.relative(build, work)}/`;
  const lines = [];
  const said = output.trimEnd().split(/\r?\n/);
  const ours = growing(said);
  let dropped = false;
  for (const line of said) {
    const found = MESSAGE.exec(line);
    if (!line.startsWith(' ')) dropped = found?.[4] === RETURN_OUTSIDE_FUNCTION || ours.has(GROWING.exec(line)?.[1]);
    if (dropped || line === '') continue;
    const text = found ? messageOf(found) : line;
    lines.push(text.replaceAll(`${work}/`, '').replaceAll(beside, '').replaceAll(path.join(build, FILE), () => document));
  }
  return lines;
}

// The variables that begin as `[]`, and whose type is asked for too early by our own line alone.
function growing(said) {
  const names = { ours: new Set(), theirs: new Set() };
  for (const line of said) {
    const [place, name] = [MESSAGE.exec(line), GROWING.exec(line)?.[1]];
    if (name && place[4] === '7005') names[own !== -1 && place[1] > own ? 'ours' : 'theirs'].add(name);
  }
  for (const name of names.theirs) names.ours.delete(name);
  return names.ours;
}

// A message with its place in the document; one of our own line is about a variable that the block exports.
function messageOf([, line, column, said]) {
  let place = [+line, +column];
  if (own !== -1 && place[0] > own) {
    const name = OF_GRAMMAR.test(said) ? undefined : /^type __polyrun_([\w$]+)/.exec(statementAt(place[1]))?.[1];
    const kinds = NOT_GOOD.exec(said)?.[1].match(/(?<=")[^"]*(?=")/g)?.filter((kind) => kind !== 'good' && kind !== ' | ');
    if (kinds) said = `TS2344: '${name}' cannot be exported: ${kinds.join(' or ')} has no form that other languages could read`;
    place = (name && declarationOf(name)) ?? [own, rows[own - 1].length + 1];
  }
  return `${document}:${place[0] + +firstLine - 1}:${place[1]}: error ${said}`;
}

// The statement of our own line at that column.
function statementAt(column) {
  const before = rows[own].slice(0, column - 1);
  return rows[own].slice(Math.max(before.lastIndexOf('; ') + 2, BEHIND.length + 1));
}

// Where the block declares a variable, as line and column.
function declarationOf(name) {
  const word = new RegExp(`\\b(?:const|let|var|function\\*?|class|enum)\\s+(?=${name.replaceAll('$', '\\$&')}(?![\\w$]))`);
  for (let n = 0; n < own; n++) {
    const found = word.exec(rows[n]);
    if (found) return [n + 1, found.index + found[0].length + 1];
  }
  return undefined;
}

// What was emitted to `file`, without the mark that the compiler adds to make a module of any file.
function emitted(file) {
  const code = fs.readFileSync(file, 'utf8').replace(/\/\/# sourceMappingURL=.*\s*$/, '');
  const map = JSON.parse(fs.readFileSync(`${file}.map`, 'utf8'));
  const body = code.replace(/export \{\};\s*$/, '');
  const hasSource = map.mappings.split(';')[body.split(ENDS_LINE).length - 1];
  return layOut(hasSource ? code : body, map);
}

// CRLF is what the compiler is to end its own lines with, so that the block's can be told from them.
const code = fs.readFileSync(codePath, 'utf8').replaceAll('\r\n', '\n');
const rows = code.trimEnd().split('\n');
const own = rows.at(-1).startsWith(BEHIND) ? rows.length - 1 : -1; // how many lines are the block's, if one is ours
fs.writeFileSync(path.join(build, FILE), code);
fs.writeFileSync(path.join(build, 'tsconfig.json'), JSON.stringify(configuration()));
const ended = runCompiler();
const messages = messagesOf(ended.stdout);
const file = path.join(build, EMITTED, build, 'block.js');
if (messages.length === 0 && fs.existsSync(file)) {
  fs.writeFileSync(path.join(build, 'code.js'), emitted(file));
} else {
  if (messages.length === 0) messages.push(`the compiler ended with ${ended.signal ?? `status ${ended.status}`}`);
  process.stderr.write([...messages, ended.stderr].join('\n'));
  process.exitCode = 1;
}
for (const name of [FILE, EMITTED, 'tsconfig.json']) fs.rmSync(path.join(build, name), { recursive: true, force: true });
