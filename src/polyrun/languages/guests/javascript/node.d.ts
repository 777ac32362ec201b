// What Node offers, for a compiler without `@types/node` beside it: the names exist, and nothing is known of most.
declare var process: any, global: any, require: any, module: any, exports: any, __filename: string, __dirname: string;
declare var console: Record<
  'log' | 'info' | 'debug' | 'warn' | 'error' | 'trace' | 'dir' | 'table' | 'group' | 'groupEnd' | 'time' | 'timeEnd' | 'assert' | 'count',
  (...values: any[]) => void
>;
declare function setTimeout(call: (...values: any[]) => void, wait?: number, ...values: any[]): any;
declare function setInterval(call: (...values: any[]) => void, wait?: number, ...values: any[]): any;
declare function setImmediate(call: (...values: any[]) => void, ...values: any[]): any;
declare function clearTimeout(timer: any): void;
declare function clearInterval(timer: any): void;
declare function clearImmediate(timer: any): void;
declare function queueMicrotask(call: () => void): void;
declare function structuredClone<T>(value: T): T;
declare function fetch(resource: any, options?: any): Promise<any>;
declare function atob(text: string): string;
declare function btoa(text: string): string;
declare var performance: any, crypto: any, WebAssembly: any;
declare var Buffer: any, URL: any, URLSearchParams: any, TextDecoder: any, TextEncoder: any;
declare var AbortController: any, AbortSignal: any, Event: any, EventTarget: any, Blob: any, FormData: any;
declare var Headers: any, Request: any, Response: any, ReadableStream: any, WritableStream: any, TransformStream: any;
type Buffer = any;
type URL = any;
type URLSearchParams = any;
type AbortController = any;
type AbortSignal = any;
type Response = any;
interface ImportMeta { url: string; filename: string; dirname: string; resolve(specifier: string): string }

declare module 'node:*';
declare module 'assert';
declare module 'async_hooks';
declare module 'buffer';
declare module 'child_process';
declare module 'crypto';
declare module 'dns';
declare module 'events';
declare module 'fs';
declare module 'fs/promises';
declare module 'http';
declare module 'https';
declare module 'module';
declare module 'net';
declare module 'os';
declare module 'path';
declare module 'perf_hooks';
declare module 'process';
declare module 'readline';
declare module 'readline/promises';
declare module 'stream';
declare module 'stream/promises';
declare module 'string_decoder';
declare module 'timers';
declare module 'timers/promises';
declare module 'tls';
declare module 'tty';
declare module 'url';
declare module 'util';
declare module 'v8';
declare module 'vm';
declare module 'worker_threads';
declare module 'zlib';
