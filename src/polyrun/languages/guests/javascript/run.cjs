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

const HOOK = '__polyrun'; // what the code that `values.cjs` puts behind the block's calls

const [codePath, document, line, ...args] = process.argv.slice(2);
const values = process.env.POLYRUN_IN === undefined ? null : require('./values.cjs').open();
const code = fs.readFileSync(codePath, 'utf8') + (values?.tail ?? '');
const filename = path.join(process.cwd(), document);
const place = { filename: document, lineOffset: line - 1 };
const parameters = ['exports', 'require', 'module', '__filename', '__dirname', ...(values ? [HOOK, ...values.names] : [])];
// What a block imports are parameters of the function that it is, or global in a module.
const given = values ? [values, ...values.values] : [];
const onlyInModules =
  /import statement outside a module|Unexpected token 'export'|'import\.meta' outside|await is only valid|reserved word/;

process.argv.splice(1, process.argv.length, filename, ...args);
const main = new Module(filename, null);
main.filename = filename;
main.paths = Module._nodeModulePaths(path.dirname(filename));
process.mainModule = main;
const blockRequire = Module.createRequire(filename);
blockRequire.main = main;

// Node calls two things experimental that are our choice, so the user need not read of them.
const emitWarning = process.emitWarning;
process.emitWarning = function (warning, ...rest) {
  if (/^(VM Modules|vm\.USE_MAIN_CONTEXT_DEFAULT_LOADER) /.test(warning)) return;
  Reflect.apply(emitWarning, this, [warning, ...rest]);
};

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

// A syntax error is found while this file is at work, but its stack need not say so.
function compile(make) {
  try {
    return make();
  } catch (error) {
    const ours = (frame) => frame.startsWith('    at ') && frame.includes(__filename);
    error.stack = error.stack.split('\n').filter((frame) => !ours(frame)).join('\n');
    throw error;
  }
}

const kept = []; // Node 20 ends by SIGSEGV when a linked module is collected as garbage

async function link(specifier) {
  const namespace = await importNatively(specifier);
  const names = Object.keys(namespace);
  const synthetic = new vm.SyntheticModule(names, function () {
    for (const name of names) this.setExport(name, namespace[name]);
  });
  kept.push(synthetic);
  return synthetic;
}

async function runModule() {
  if (values !== null) {
    globalThis[HOOK] = values;
    values.names.forEach((name, n) => (globalThis[name] = values.values[n]));
  }
  const module = compile(
    () =>
      new vm.SourceTextModule(code, {
        identifier: document,
        lineOffset: place.lineOffset,
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
  const settle = () => (settled = true);
  setImmediate(module.evaluate.bind(module));
  // The first promise stays without a handler, so that a failure is reported by Node. This one only tells the end.
  setImmediate(() => module.evaluate().then(settle, settle));
}

function runScript(script) {
  const own = [main.exports, blockRequire, main, filename, path.dirname(filename)];
  setImmediate(script.bind(main.exports), ...own, ...given);
}

try {
  runScript(compile(() => vm.compileFunction(code, parameters, { ...place, importModuleDynamically })));
} catch (error) {
  if (!(error instanceof SyntaxError && onlyInModules.test(error.message))) throw error;
  runModule();
}
