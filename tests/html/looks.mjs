// SPDX-License-Identifier: GPL-2.0-or-later
// The page in the dark, on a phone, on paper, and by keys alone.
import { drawn, show } from './panels.mjs';

const GRAPHS = ['timeline', 'latency', 'flame', 'heatmap'];
const lightness = (tab, id) => tab.evaluate(`(() => { const canvas = document.querySelector('#${id} .graph canvas');
    const [r, g, b] = canvas.getContext('2d').getImageData(canvas.width - 2, canvas.height - 2, 1, 1).data; return (r + g + b) / 3; })()`);
const page = (tab) => tab.evaluate('getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b) / 3, 0)');

async function checkDark(open, close, check) {
    const tab = await open('all', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
    check('dark: the page is, as the system is', await page(tab) < 60, await page(tab));
    await show(tab, 'latency');
    check('dark: graphs are', await lightness(tab, 'latency') < 80, await lightness(tab, 'latency'));
    await tab.evaluate('document.getElementById("theme").focus()');
    await tab.key('Enter');
    check('the button makes it light', await page(tab) > 200, await page(tab));
    check('and graphs too', await lightness(tab, 'latency') > 180, await lightness(tab, 'latency'));
    await tab.key('Enter');
    await tab.send('Emulation.setEmulatedMedia', { media: 'print' });
    await tab.frame();
    check('print: light', await lightness(tab, 'latency') > 180, await lightness(tab, 'latency'));
    check('print: nothing to press', await tab.evaluate(`[...document.querySelectorAll('nav, .tools, .bar button, .bar input')]
        .every((one) => getComputedStyle(one).display === 'none')`));
    const { data } = await tab.send('Page.printToPDF', { printBackground: true });
    check('print: a document', Buffer.from(data, 'base64').subarray(0, 5).toString() === '%PDF-');
    await close(tab, 'dark');
}

async function checkPhone(open, close, same, check) {
    const tab = await open('all', { width: 360, height: 740, mobile: true, scale: 2 });
    same('phone: the page is as wide as the window', await tab.evaluate('document.documentElement.scrollWidth'), 360);
    same('phone: so it is with each panel', await tab.evaluate(`[...document.querySelectorAll('main > section')]
        .filter((one) => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth + 1).map((one) => one.id)`), []);
    for (const id of GRAPHS) {
        await show(tab, id);
        const { other } = await drawn(tab, id);
        check(`phone: ${id} is drawn`, other > 1000, other);
    }
    const box = await show(tab, 'timeline'), y = box.y + 60, wide = () => tab.evaluate(`(({ from, to }) => to - from)(document.querySelector('#timeline').dataset)`);
    const before = await wide(), middle = box.x + box.width * 0.6;
    await tab.touch('touchStart', [[middle - 20, y], [middle + 20, y]]);
    await tab.touch('touchMove', [[middle - 60, y], [middle + 60, y]]);
    await tab.touch('touchEnd', []);
    await tab.frame();
    check('phone: two fingers zoom', await wide() < before * 0.7, `${before} ${await wide()}`);
    await close(tab, 'phone');
}

// With Tab one comes to each graph, and the focus can be seen.
async function checkKeys(open, close, same, check) {
    const tab = await open('all'), met = new Set();
    let hidden = 0;
    for (let i = 0; i < 160 && met.size < GRAPHS.length; i++) {
        await tab.key('Tab');
        const [id, outline] = await tab.evaluate(`(() => { const one = document.activeElement;
            return [one.matches('.graph') ? one.closest('section').id : null, getComputedStyle(one).outlineStyle]; })()`);
        hidden += outline === 'none';
        if (id)
            met.add(id);
    }
    same('keys: Tab comes to all graphs in order', [...met], GRAPHS);
    same('keys: what has the focus is marked', hidden, 0);
    same('keys: each graph and box has a name', await tab.evaluate(`[...document.querySelectorAll('.graph, input, select, button')]
        .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.closest('label'))).length`), 0);
    await tab.evaluate('document.querySelector(".graph").focus()');
    await tab.key('?');
    check('keys: ? shows help', await tab.evaluate('document.getElementById("keys").open && document.querySelectorAll("#keys dt").length > 15'));
    await tab.key('Escape');
    check('keys: Escape closes it', await tab.evaluate('!document.getElementById("keys").open'));
    await close(tab, 'keys');
}

export async function checkLooks(open, close, same, check) {
    await checkDark(open, close, check);
    await checkPhone(open, close, same, check);
    await checkKeys(open, close, same, check);
}
