// SPDX-License-Identifier: GPL-2.0-or-later
// Perfetto's trace_processor, as WebAssembly, outside a browser: loads a file and answers queries.
//
//   node trace-processor.mjs ENGINE FILE SQL...
//
// ENGINE is what tools/fetch-viewer makes of trace-processor. Each result is printed as a row a line, tabs
// between the cells, an empty line behind. A file that can't be loaded is an error.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import vm from 'node:vm';

const [engine, file, ...queries] = process.argv.slice(2);
const { EngineBase } = await import(pathToFileURL(resolve(engine, 'engine.mjs')));

// The bundle is made for a web worker and fetches its module by URL: it is given one, and the module's bytes.
// The module that is there has 32-bit memory, which the bundle takes only where a browser lacks the other.
function startWorker(port) {
    const changes = [
        ['this.useMemory64 = hasMemory64Support();', 'this.useMemory64 = false;'],
        ['locateFile: (s) => s,', 'locateFile: (s) => s, wasmBinary: self.wasmBinary,'],
    ];
    let code = readFileSync(join(engine, 'engine_bundle.node.js'), 'utf8');
    for (const [from, to] of changes) {
        if (!code.includes(from))
            throw new Error(`engine_bundle.node.js has no "${from}"`);
        code = code.replace(from, to);
    }
    globalThis.self = { wasmBinary: readFileSync(join(engine, 'trace_processor.wasm')), location: {} };
    globalThis.WorkerGlobalScope = class {};
    globalThis.location = { href: '' };
    vm.runInThisContext(code);
    globalThis.self.onmessage({ data: port });
}

class Engine extends EngineBase {
    constructor(port) {
        super();
        this.port = port;
        port.on('message', (bytes) => this.onRpcResponseBytes(bytes));
    }
    rpcSendRequestBytes(bytes) {
        this.port.postMessage(bytes);
    }
    fail(reason) {
        throw new Error(reason);
    }
}

const { port1, port2 } = new MessageChannel();
startWorker(port1);
const processor = new Engine(port2);
await new Promise((ready) => setTimeout(ready, 1000)); // the module compiles; a request before that is lost
try {
    const data = readFileSync(file), part = 1 << 24;
    for (let at = 0; at < data.length; at += part)
        await processor.parse(new Uint8Array(data.subarray(at, at + part)));
    await processor.notifyEof();
    for (const sql of queries) {
        const result = await processor.query(sql), columns = result.columns();
        for (const row = result.iter({}); row.valid(); row.next())
            console.log(columns.map((column) => String(row.get(column))).join('\t'));
        console.log('');
    }
    process.stdout.write('', () => process.exit(0)); // what a pipe has not taken yet would be lost
} catch (error) {
    console.error(`trace-processor.mjs: ${error.message ?? error}`);
    process.exit(1);
}
