// Check the types of a block and make it JavaScript that `run.cjs` runs:
// `compile.cjs COMPILER CODE BUILD WORK DOCUMENT LINE` leaves `code.js` in the folder BUILD.
//
// COMPILER is the program `tsc` of any release: a script for Node, or since TypeScript 7 a program of its own. Only what
// both promise is used: a `tsconfig.json`, the form of messages, and source maps.
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { layOut } = require('./layout.cjs');

const [compiler, codePath, build, work, document, firstLine] = process.argv.slice(2);
const FILE = 'block.ts';
const EMITTED = 'emitted';
const MESSAGE = /^block\.ts\((\d+),(\d+)\): error (TS(\d+): .*)$/;
const ENDS_LINE = /\r\n|[\n\r\u2028\u2029]/;
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
    files: [FILE, ...(types === undefined ? [path.join(__dirname, 'node.d.ts')] : [])],
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
  let dropped = false;
  for (const line of output.trimEnd().split(/\r?\n/)) {
    const found = MESSAGE.exec(line);
    if (!line.startsWith(' ')) dropped = found?.[4] === RETURN_OUTSIDE_FUNCTION;
    if (dropped || line === '') continue;
    const text = found ? `${document}:${+found[1] + +firstLine - 1}:${found[2]}: error ${found[3]}` : line;
    lines.push(text.replaceAll(`${work}/`, '').replaceAll(beside, '').replaceAll(path.join(build, FILE), () => document));
  }
  return lines;
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
