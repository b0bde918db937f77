// SPDX-License-Identifier: GPL-2.0-or-later
// A headless Chromium, driven through a pipe: file descriptors 3 and 4, JSON with a 0 behind each message. No
// packages. What a page says (exceptions, messages of the console) and asks of the network is collected.
//
//   const browser = await Browser.start();
//   const tab = await browser.open('/path/to/file.html');
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const KEYS = {
    Enter: 13, Escape: 27, Backspace: 8, Tab: 9, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Home: 36, End: 35,
    '"': 222, '<': 188, ',': 188, '>': 190, '.': 190, '/': 191, '?': 191, '-': 189, _: 189, '+': 187, '=': 187,
};

export class Browser {
    static async start({ program = process.env.CHROMIUM ?? 'chromium', flags = [] } = {}) {
        const browser = new Browser();
        browser.home = mkdtempSync(join(tmpdir(), 'osinstr-browser.'));
        browser.process = spawn(program, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
            '--disable-background-networking', '--disable-component-update', '--no-first-run', '--hide-scrollbars',
            `--user-data-dir=${browser.home}`, '--remote-debugging-pipe', ...flags, 'about:blank'],
        { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
        browser.number = 0;
        browser.waiting = new Map();
        browser.tabs = new Map();
        browser.exited = new Promise((done) => browser.process.on('exit', done));
        browser.process.on('error', (error) => browser.fail(error));
        browser.process.on('exit', () => browser.fail(new Error('the browser ended')));
        browser.read(browser.process.stdio[4]);
        browser.process.stdio[3].on('error', () => {});
        await browser.send('Browser.getVersion');
        return browser;
    }
    fail(error) {
        for (const { reject } of this.waiting.values())
            reject(error);
        this.waiting.clear();
    }
    read(pipe) {
        let rest = Buffer.alloc(0);
        pipe.on('data', (part) => {
            rest = Buffer.concat([rest, part]);
            for (let end; (end = rest.indexOf(0)) >= 0; rest = rest.subarray(end + 1))
                this.take(JSON.parse(rest.subarray(0, end).toString()));
        });
    }
    take(message) {
        if (message.id) {
            const { resolve: done, reject } = this.waiting.get(message.id) ?? {};
            this.waiting.delete(message.id);
            if (message.error)
                reject?.(new Error(`${message.error.message} ${message.error.data ?? ''}`));
            else
                done?.(message.result);
        } else {
            this.tabs.get(message.sessionId)?.take(message);
        }
    }
    send(method, params = {}, sessionId = undefined) {
        const id = ++this.number;
        return new Promise((done, reject) => {
            this.waiting.set(id, { resolve: done, reject });
            this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
        });
    }
    // A new tab with the file, when the page has drawn itself: our own pages say so, of others `ready` tells.
    async open(file, { width = 1280, height = 800, mobile = false, scale = 1, features = [], hash = '',
        ready = 'document.documentElement?.dataset.ready || document.querySelector(".broken")' } = {}) {
        const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
        const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
        const tab = new Tab(this, sessionId, targetId);
        this.tabs.set(sessionId, tab);
        for (const domain of ['Page', 'Runtime', 'Log', 'Network'])
            await tab.send(`${domain}.enable`);
        await tab.size(width, height, mobile, scale);
        if (features.length)
            await tab.send('Emulation.setEmulatedMedia', { features });
        tab.url = pathToFileURL(resolve(file)).href + hash;
        await tab.send('Page.navigate', { url: tab.url });
        await tab.until(ready);
        return tab;
    }
    async close() {
        await this.send('Browser.close').catch(() => {});
        const late = setTimeout(() => this.process.kill('SIGKILL'), 5000);
        await this.exited;
        clearTimeout(late);
        rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
    }
}

class Tab {
    constructor(browser, session, target) {
        Object.assign(this, { browser, session, target, complaints: [], requests: [] });
    }
    send(method, params) {
        return this.browser.send(method, params, this.session);
    }
    take({ method, params }) {
        if (method === 'Runtime.exceptionThrown')
            this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
        else if (method === 'Runtime.consoleAPICalled' && /error|warning|assert/.test(params.type))
            this.complain(params.args.map((arg) => arg.value ?? arg.description).join(' '));
        else if (method === 'Log.entryAdded')
            this.complain(params.entry.text);
        else if (method === 'Network.requestWillBeSent' && !params.request.url.startsWith('data:'))
            this.requests.push(params.request.url);
    }
    // That a canvas was read is what a test did.
    complain(text) {
        if (!/readback operations using getImageData/.test(text))
            this.complaints.push(text);
    }
    async evaluate(expression) {
        const { result, exceptionDetails } = await this.send('Runtime.evaluate',
            { expression, returnByValue: true, awaitPromise: true });
        if (exceptionDetails)
            throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
        return result.value;
    }
    async until(expression, seconds = 60) {
        for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
            if (await this.evaluate(expression))
                return;
            await new Promise((done) => setTimeout(done, 30));
        }
        throw new Error(`still not so after ${seconds} s: ${expression}`);
    }
    // What was asked for is drawn in the next frame.
    frame() {
        return this.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))');
    }
    size(width, height, mobile = false, scale = 1) {
        return this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile });
    }
    async key(key, modifiers = 0) {
        const text = key.length === 1 ? key : key === 'Enter' ? '\r' : undefined;
        const about = { key, modifiers, windowsVirtualKeyCode: KEYS[key] ?? key.toUpperCase().charCodeAt(0), code: key.length > 1 ? key : undefined };
        await this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', text, ...about });
        await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...about });
        await this.frame();
    }
    async type(text) {
        for (const letter of text)
            await this.key(letter);
    }
    mouse(type, x, y, more = {}) {
        return this.send('Input.dispatchMouseEvent', { type, x, y, ...more });
    }
    async click(x, y) {
        await this.drag([x, y], [x, y]);
    }
    async drag([x, y], [toX, toY], modifiers = 0) {
        const held = { button: 'left', clickCount: 1, modifiers };
        await this.mouse('mouseMoved', x, y, { modifiers });
        await this.mouse('mousePressed', x, y, held);
        for (const part of [0.5, 1])
            if (x !== toX || y !== toY)
                await this.mouse('mouseMoved', x + (toX - x) * part, y + (toY - y) * part, { ...held, buttons: 1 });
        await this.mouse('mouseReleased', toX, toY, held);
        await this.frame();
    }
    async wheel(x, y, deltaY, modifiers = 0) {
        await this.mouse('mouseWheel', x, y, { deltaX: 0, deltaY, modifiers });
        await this.frame();
    }
    touch(type, points) {
        return this.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
    }
    // The box of an element in the window.
    box(selector) {
        return this.evaluate(`(() => { const { x, y, width, height } = document.querySelector(${JSON.stringify(selector)})
            .getBoundingClientRect(); return { x, y, width, height }; })()`);
    }
    async screenshot(full = false) {
        const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: full });
        return Buffer.from(data, 'base64');
    }
    async close() {
        await this.browser.send('Target.closeTarget', { targetId: this.target });
        this.browser.tabs.delete(this.session);
    }
}
