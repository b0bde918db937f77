// SPDX-License-Identifier: GPL-2.0-or-later
// Opens pages of osinstr report --html in a browser and uses them as people do.
//
//   node check.mjs DIR
//
// DIR has the pages and what the tool says in other ways: NAME.html, NAME.json (see tests/html.test). A result is a
// line "ok - WHAT" or "not ok - WHAT".
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from '../consumers/browser.mjs';
import { useFlame, useHeat, useLatency, useTimeline } from './panels.mjs';
import { checkLooks } from './looks.mjs';

const dir = process.argv[2], browser = await Browser.start();
const json = (name) => JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8'));
let failures = 0;

function check(what, holds, why = '') {
    console.log(`${holds ? 'ok' : 'not ok'} - ${what}`);
    if (!holds) {
        failures++;
        console.log(`# ${String(why).slice(0, 800).replace(/\n/g, '\n# ')}`);
    }
}
const same = (what, is, should) => check(what, JSON.stringify(is) === JSON.stringify(should),
    `${JSON.stringify(is)} in place of ${JSON.stringify(should)}`);

async function open(name, options) {
    const tab = await browser.open(join(dir, `${name}.html`), options);
    tab.panels = await tab.evaluate('[...document.querySelectorAll("main > section")].map((section) => section.id)');
    return tab;
}

async function close(tab, what) {
    same(`${what}: no complaint on the console`, tab.complaints, []);
    same(`${what}: nothing is asked of the network`, tab.requests, [tab.url]);
    await tab.close();
}

// Each fact and each table of a report stands in the page with its number of rows.
async function compare(tab, name) {
    const report = json(name), facts = await tab.evaluate(`Object.fromEntries([...document.querySelectorAll(
        '[data-card="machine"] [data-fact], [data-card="${report.report}"] [data-fact]')]
        .map((fact) => [fact.dataset.fact, fact.textContent]))`);
    const wrong = Object.entries(report).filter(([key, value]) => Number.isInteger(value) && !/_(ns|insn)$/.test(key) &&
        facts[key]?.replace(/\D/g, '') !== String(value)).map(([key]) => key);
    same(`${name}: its counts are in the page`, wrong, []);
    const rows = await tab.evaluate(`Object.fromEntries([...document.querySelectorAll('.run')]
        .filter((run) => run.querySelector('h3').firstChild.data === '${report.report}')
        .flatMap((run) => [...run.querySelectorAll('.report-table')]).map((table) => [table.dataset.key, Number(table.dataset.rows)]))`);
    const missing = Object.entries(report).filter(([key, value]) => Array.isArray(value) && typeof value[0] === 'object' &&
        !key.startsWith('worst_') && rows[key] !== value.length).map(([key]) => key);
    same(`${name}: its tables are in the page, with so many rows`, missing, []);
    same(`${name}: notes`, await tab.evaluate(`[...document.querySelectorAll('.notes li')].map((note) => note.textContent)
        .filter((text) => text.startsWith('${report.report}: ')).length`), report.notes.length);
}

async function sortTables(tab) {
    const first = (button) => tab.evaluate(`(() => { const table = document.querySelector('[data-key="tasks"]');
        ${button ? `[...table.querySelectorAll('th button')].find((one) => one.textContent === '${button}').click();` : ''}
        return table.querySelector('tbody tr').cells[1].textContent; })()`);
    const pids = json('sched').tasks.map((task) => task.pid);
    same('a press on a column sorts, most first', await first('pid'), String(Math.max(...pids)));
    same('another press sorts the other way', await first('pid'), String(Math.min(...pids)));
}

const PANELS = ['summary', 'timeline', 'latency', 'flame', 'heatmap', 'tables'];

async function checkAll() {
    const tab = await open('all');
    same('the page of all runs has all panels', tab.panels, PANELS);
    for (const name of ['sched', 'irq', 'calls', 'heat'])
        await compare(tab, name);
    await sortTables(tab);
    await useTimeline(tab, same, check, json);
    await useLatency(tab, same, check, json);
    await useFlame(tab, same, check, json);
    await useHeat(tab, same, check, json);
    await close(tab, 'all runs');
}

// What a run does not have is not shown.
async function checkSingle() {
    const panels = {
        sched: ['summary', 'timeline', 'tables'], irq: ['summary', 'timeline', 'latency', 'tables'],
        calls: ['summary', 'flame', 'tables'], heat: ['summary', 'heatmap', 'tables'], untraced: ['summary', 'latency', 'tables'],
        folded: ['summary', 'flame', 'tables'], killed: ['summary', 'timeline', 'tables'], damaged: ['summary', 'timeline', 'tables'],
        nometa: ['summary', 'timeline', 'tables'], insn: ['summary', 'timeline', 'tables'],
    };
    const totals = {};
    for (const [name, expected] of Object.entries(panels)) {
        const tab = await open(name);
        same(`${name} alone: its panels`, tab.panels, expected);
        totals[name] = await tab.evaluate('document.querySelector("#flame")?.dataset.total');
        const note = { killed: 'cut off', damaged: 'is damaged', nometa: 'is damaged' }[name];
        if (note)
            check(`${name}: the page says so`, await tab.evaluate(`/${note}/.test(
                document.querySelector('.notes').textContent)`));
        await close(tab, `${name} alone`);
    }
    same('both files of a profile have the same total', totals.folded, totals.calls);
}

// Names of tasks and everything else from a guest are text.
async function checkHostile() {
    const tab = await open('hostile'), { tasks } = json('hostile');
    same('hostile names: no element is made of them', await tab.evaluate(`[document.querySelectorAll('script').length,
        document.querySelectorAll('b:not(.notes b), img, iframe').length, window.hostile]`),
    [await tab.evaluate('2 + page.timeline.lanes.length'), 0, null].map((x) => x ?? undefined));
    const text = await tab.evaluate('document.body.innerText');
    for (const name of ['</script><b>', '<!--<script>', "'\"&lt;`${1}"])
        check(`hostile names: ${name} is text`, text.includes(name), text);
    check('hostile names: control bytes can be seen', text.includes('\\u001b[2J'), text);
    same('hostile names: so many tasks', await tab.evaluate('document.querySelector(\'[data-key="tasks"]\').dataset.rows'), String(tasks.length));
    await close(tab, 'hostile names');
}

// Even a page's own script could not reach the network.
async function checkPolicy(tab) {
    const refused = (what) => tab.evaluate(`new Promise((done) => {
        document.addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective), { once: true });
        setTimeout(() => done('nothing'), 10000);
        ${what};
    })`);
    same('the policy forbids connections', await refused('fetch("http://127.0.0.1:1/").catch(() => {})'), 'connect-src');
    same('the policy forbids images', await refused('new Image().src = "http://127.0.0.1:1/"'), 'img-src');
    same('the policy forbids scripts', await refused('document.body.append(Object.assign(document.createElement("script"), { src: "http://127.0.0.1:1/" }))'), 'script-src-elem');
}

// --from, --to, --cpu, --slices
async function checkPart() {
    const part = await open('part'), view = await part.evaluate('[page.timeline.base, page.timeline.end, page.timeline.lanes.map((lane) => lane.cpu)]');
    const [from, to] = json('part').map(BigInt);
    check('--from and --to are the ends', BigInt(view[0]) >= from && BigInt(view[1]) <= to, view);
    check('--cpu is the only one', view[2].length > 0 && view[2].every((cpu) => cpu === 1), view);
    await close(part, 'a part');
    const few = await open('few'), all = await open('sched');
    const busy = (tab) => tab.evaluate('new Slices(page.timeline).lanes.reduce((sum, lane) => sum + lane.busy[lane.n], 0)');
    check('--slices is the limit', await few.evaluate('Number(document.querySelector("#timeline").dataset.slices)') <= 300);
    check('--slices: the page says what was joined', await few.evaluate('/were joined/.test(document.querySelector("#timeline .lead").textContent)'));
    same('--slices: joined ones are as busy', await busy(few), await busy(all));
    await close(few, 'few slices');
    await checkPolicy(all);
    await all.close();
}

const parts = { checkAll, checkSingle, checkHostile, checkPart, looks: () => checkLooks(open, close, same, check) };
for (const [name, part] of Object.entries(parts)) {
    try {
        await part();
        check(`${name}: to its end`, true);
    } catch (error) {
        check(`${name}: to its end`, false, error.stack);
    }
}
await browser.close();
process.exit(failures ? 1 : 0);
