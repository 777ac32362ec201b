// Run a block as Node runs a script: `run.cjs CODE DOCUMENT LINE [ARG...]`, started in the document's folder.
//
// The block is compiled under the document's name at its own line and called by Node's event loop, not from here,
// so that no frame of this file stands in a stack trace.
'use strict';
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const vm = require('node:vm');
const { pathToFileURL } = require('node:url');

const [codePath, document, line, ...args] = process.argv.slice(2);
const code = fs.readFileSync(codePath, 'utf8');
const filename = path.join(process.cwd(), document);
const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
const onlyInModules =
  /import statement outside a module|Unexpected token 'export'|'import\.meta' outside|await is only valid|reserved word/;

process.argv.splice(1, process.argv.length, filename, ...args);
const main = new Module(filename, null);
main.filename = filename;
main.paths = Module._nodeModulePaths(path.dirname(filename));
process.mainModule = main;
const blockRequire = Module.createRequire(filename);
blockRequire.main = main;

const importModuleDynamically = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER ?? importBeside;
const importNatively = vm.runInThisContext('(specifier) => import(specifier)', {
  filename: path.join(process.cwd(), 'import'),
  importModuleDynamically,
});

// For releases of Node without `USE_MAIN_CONTEXT_DEFAULT_LOADER`.
function importBeside(specifier) {
  if (/^\.{0,2}\//.test(specifier)) return import(new URL(specifier, pathToFileURL(filename)).href);
  if (Module.isBuiltin(specifier) || /^[a-z]+:/i.test(specifier)) return import(specifier);
  return import(pathToFileURL(blockRequire.resolve(specifier)).href);
}

function compileScript() {
  return vm.compileFunction(code, parameters, {
    filename: document,
    lineOffset: line - 1,
    importModuleDynamically,
  });
}

// Node marks `vm.SourceTextModule` as experimental; that is our choice, so the user need not read of it.
function quietly(make) {
  const emit = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return make();
  } finally {
    process.emitWarning = emit;
  }
}

async function link(specifier) {
  const namespace = await importNatively(specifier);
  const names = Object.keys(namespace);
  return new vm.SyntheticModule(names, function () {
    for (const name of names) this.setExport(name, namespace[name]);
  });
}

async function runModule() {
  const module = quietly(
    () =>
      new vm.SourceTextModule(code, {
        identifier: document,
        lineOffset: line - 1,
        importModuleDynamically: (specifier) => importNatively(specifier),
        initializeImportMeta(meta) {
          meta.url = pathToFileURL(filename).href;
          meta.filename = filename;
          meta.dirname = path.dirname(filename);
        },
      }),
  );
  await module.link(link);
  let settled = false;
  process.once('exit', (status) => {
    // What Node does for a module that waits for something that will never happen.
    if (!settled && status === 0) process.exitCode = 13;
  });
  setImmediate(() => module.evaluate().finally(() => (settled = true)));
}

let script;
try {
  script = compileScript();
} catch (error) {
  if (!(error instanceof SyntaxError && onlyInModules.test(error.message))) {
    const ours = (frame) => frame.startsWith('    at ') && frame.includes(__filename);
    error.stack = error.stack.split('\n').filter((frame) => !ours(frame)).join('\n');
    throw error;
  }
}
if (script === undefined) runModule();
else
  setImmediate(script.bind(main.exports), main.exports, blockRequire, main, filename, path.dirname(filename));
