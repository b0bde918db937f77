// SPDX-License-Identifier: GPL-2.0-or-later
// speedscope-page.mjs INDEX.html PROFILE.js: prints what speedscope's page has become when its table of functions is
// there and nothing moves any more. PROFILE.js hands the profile over, as speedscope's own program does.
import { resolve } from 'node:path';
import { Browser } from './browser.mjs';

const [index, profile] = process.argv.slice(2);
const browser = await Browser.start({ flags: ['--enable-unsafe-swiftshader'] });
try {
    const tab = await browser.open(index, {
        width: 1200, height: 6000, hash: `#localProfilePath=${resolve(profile).slice(1)}&view=sandwich`,
        ready: '/\\d \\([\\d.<]+%\\)/.test(document.body?.innerText)',
    });
    const page = () => tab.evaluate('document.documentElement.outerHTML');
    let before, now = await page();
    do {
        before = now;
        await new Promise((done) => setTimeout(done, 300));
        await tab.frame();
        now = await page();
    } while (now !== before);
    process.stdout.write(`${now}\n`);
} finally {
    await browser.close();
}
