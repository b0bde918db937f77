// SPDX-License-Identifier: GPL-2.0-or-later
// pictures.mjs REPORT.html FOLDER: a picture of each panel of the page, in light; of the whole in the dark, and on a phone.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from '../../tests/consumers/browser.mjs';

const [report, folder] = process.argv.slice(2);
const browser = await Browser.start();
const light = [{ name: 'prefers-color-scheme', value: 'light' }], dark = [{ name: 'prefers-color-scheme', value: 'dark' }];

async function take(tab, name, { x, y, width, height }) {
    const { data } = await tab.send('Page.captureScreenshot', { format: 'png', clip: { x, y, width, height, scale: 1 }, captureBeyondViewport: true });
    writeFileSync(join(folder, `${name}.png`), Buffer.from(data, 'base64'));
}
// A panel, at most so high, where it is in the page.
async function panel(tab, id, limit) {
    await tab.evaluate(`document.querySelector('header').style.position = 'static'; document.getElementById('${id}').scrollIntoView()`);
    await tab.frame();
    const box = await tab.box(`#${id}`), top = await tab.evaluate('scrollY');
    return { ...box, y: box.y + top, height: Math.min(box.height, limit) };
}

const tab = await browser.open(report, { width: 1100, height: 900, features: light });
await take(tab, 'report-timeline', await panel(tab, 'timeline', 560));
// What happens within 60 ms: a drag over a small part of the time, then the tasks that ran in it.
const graph = await tab.box('#timeline canvas');
for (let i = 0; i < 3; i++) {
    await tab.drag([graph.x + graph.width * 0.55, graph.y + 60], [graph.x + graph.width * 0.7, graph.y + 60]);
    await tab.frame();
}
await take(tab, 'report-zoomed', await panel(tab, 'timeline', 560));
for (const [id, limit] of [['latency', 700], ['flame', 640], ['heatmap', 700]])
    await take(tab, `report-${id}`, await panel(tab, id, limit));
await tab.close();

const night = await browser.open(report, { width: 1100, height: 900, features: dark });
await take(night, 'report-dark', { x: 0, y: 0, width: 1100, height: 900 });
const phone = await browser.open(report, { width: 390, height: 800, mobile: true, features: light });
await take(phone, 'report-phone', await panel(phone, 'flame', 700));
await browser.close();
