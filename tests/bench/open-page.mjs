// SPDX-License-Identifier: GPL-2.0-or-later
// How long a page of osinstr report --html takes to open, and its timeline to be drawn again.
//
//   node open-page.mjs LIMIT-MS FILE
import { Browser } from '../consumers/browser.mjs';

const [limit, file] = process.argv.slice(2), browser = await Browser.start(), opened = [], frames = [];
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
for (let i = 0; i < 5; i++) {
    const tab = await browser.open(file);
    opened.push(await tab.evaluate('Number(document.documentElement.dataset.ready)'));
    // Reading a pixel waits until all is drawn.
    frames.push(await tab.evaluate(`(() => { const graph = graphs[0], start = performance.now();
        for (let n = 0; n < 20; n++) { graph.paint(); graph.context.getImageData(0, 0, 1, 1); }
        return (performance.now() - start) / 20; })()`));
    await tab.close();
}
await browser.close();
const time = median(opened);
console.log(`page: opens in ${time} ms (limit ${limit}: ${time <= limit ? 'ok' : 'OVER'}), the timeline is drawn in ${median(frames).toFixed(1)} ms`);
process.exit(time <= limit ? 0 : 1);
