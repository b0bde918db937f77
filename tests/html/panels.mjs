// SPDX-License-Identifier: GPL-2.0-or-later
// Each panel, used with a real mouse and real keys, and its numbers against the reports.

// How many pixels of a graph's canvas are not what most are.
export const drawn = (tab, id) => tab.evaluate(`(() => {
    const canvas = document.querySelector('#${id} .graph canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height), counts = new Map();
    for (let i = 0; i < data.length; i += 4) {
        const key = data[i] << 16 | data[i + 1] << 8 | data[i + 2];
        counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return { colors: counts.size, other: data.length / 4 - Math.max(...counts.values()) };
})()`);

export const show = async (tab, id) => {
    await tab.evaluate(`document.getElementById('${id}').scrollIntoView()`);
    await tab.frame();
    return tab.box(`#${id} .graph canvas`);
};
const data = (tab, id, name) => tab.evaluate(`document.getElementById('${id}').dataset.${name}`);
const text = (tab, selector) => tab.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);

async function range(tab) {
    return [Number(await data(tab, 'timeline', 'from')), Number(await data(tab, 'timeline', 'to'))];
}
const width = async (tab) => {
    const [from, to] = await range(tab);
    return to - from;
};

async function countSlices(tab, same, check, json) {
    const lanes = await tab.evaluate(`(() => { const slices = new Slices(page.timeline);
        return { rows: Object.fromEntries(slices.rows.map((row) => [row.key, row.n])),
            run: Object.fromEntries(slices.rows.map((row) => [row.key, row.busy[row.n]])),
            kinds: slices.lanes.reduce((sum, lane) => ({ ...sum, [lane.kind]: (sum[lane.kind] ?? 0) + lane.n }), {}) }; })()`);
    const tasks = json('sched').tasks.filter((task) => task.runs), by = (what) =>
        Object.fromEntries(tasks.map((task) => [task.key, task[what]]).sort((a, b) => a[0] - b[0]));
    same('timeline: each task has as many slices as it ran', lanes.rows, by('runs'));
    same('timeline: each task is as busy as it ran', lanes.run, by('run_ns'));
    const irq = json('irq'), { interrupts } = irq, masked = irq.masked.find((row) => row.cpu === 'all').count;
    check('timeline: interrupts', lanes.kinds.irqs <= interrupts && lanes.kinds.irqs >= interrupts - 2, `${lanes.kinds.irqs} of ${interrupts}`);
    same('timeline: masked sections', lanes.kinds.masked, masked);
    same('timeline: softirqs', lanes.kinds.softirqs, irq.softirq.filter((row) => row.cpu === 'all').reduce((sum, row) => sum + row.count, 0));
}

async function zoomTimeline(tab, check, box) {
    const x = box.x + box.width * 0.6, y = box.y + 40, whole = await width(tab);
    await tab.wheel(x, y, -200);
    check('timeline: the wheel leaves it alone before it has the focus', await width(tab) === whole);
    await show(tab, 'timeline');
    await tab.click(x, y);
    await tab.wheel(x, y, -200);
    const wheeled = await width(tab);
    check('timeline: the wheel zooms', wheeled < whole * 0.9, `${whole} ${wheeled}`);
    await tab.key('Backspace');
    check('timeline: Backspace goes back', await width(tab) === whole, await range(tab));
    await tab.drag([box.x + box.width * 0.4, y], [box.x + box.width * 0.6, y]);
    const [from, to] = await range(tab);
    check('timeline: a stretch that is dragged is shown', to - from < whole * 0.3 && from > whole * 0.1 && to < whole * 0.7, [from, to]);
    await tab.drag([box.x + box.width * 0.5, y], [box.x + box.width * 0.6, y], 8);
    const panned = await range(tab);
    check('timeline: Shift and drag moves it', panned[0] < from && Math.abs(panned[1] - panned[0] - (to - from)) < 2, panned);
    await tab.key('0');
    check('timeline: 0 is the whole', await width(tab) === whole);
}

async function keyTimeline(tab, check) {
    const whole = await width(tab);
    await tab.evaluate('document.querySelector("#timeline .graph").focus()');
    await tab.key('+');
    await tab.key('+');
    const near = await range(tab);
    check('timeline: + zooms', near[1] - near[0] < whole * 0.3, near);
    await tab.key('ArrowRight');
    check('timeline: → moves on', (await range(tab))[0] > near[0]);
    await tab.key('ArrowDown');
    await tab.key('.');
    const chosen = Number(await data(tab, 'timeline', 'chosen'));
    await tab.key('.');
    check('timeline: . goes to the next slice', Number(await data(tab, 'timeline', 'chosen')) > chosen, chosen);
    check('timeline: exact times are told', /\d\.\d{9} to \d+\.\d{9} · .*\(.* ns\)/.test(await text(tab, '#timeline .details')), await text(tab, '#timeline .details'));
    await tab.key('Enter');
    check('timeline: Enter zooms to it', await width(tab) < near[1] - near[0]);
    await tab.key('0');
}

async function searchTimeline(tab, same, check, json) {
    const { tasks } = json('sched'), rcu = tasks.find((task) => task.comm.startsWith('rcu_') && task.runs > 5);
    await tab.key('/');
    await tab.type(`${rcu.comm} ${rcu.pid}`);
    const matches = Number(await data(tab, 'timeline', 'matches')); // its first run may have been under its parent's name
    check('timeline: search counts slices', matches === rcu.runs || matches === rcu.runs - 1, `${matches} of ${rcu.runs}`);
    await tab.key('Enter');
    const first = Number(await data(tab, 'timeline', 'chosen')), [from, to] = await range(tab);
    check('timeline: Enter brings a match into view', first >= from && first <= to && (await text(tab, '#timeline .details')).startsWith(rcu.comm));
    await tab.key('Enter');
    check('timeline: Enter goes on to the next', Number(await data(tab, 'timeline', 'chosen')) > first, first);
    await tab.key('Escape');
    same('timeline: Escape ends the search', Number(await data(tab, 'timeline', 'matches')), 0);
    await tab.key('/');
    await tab.type('</script>"<b>');
    check('timeline: a name from the guest that is no element', Number(await data(tab, 'timeline', 'matches')) > 0);
    await tab.key('Escape');
    await tab.key('0');
}

export async function useTimeline(tab, same, check, json) {
    const box = await show(tab, 'timeline'), { other, colors } = await drawn(tab, 'timeline');
    check('timeline: it is drawn', other > 10000 && colors > 20, `${other} ${colors}`);
    await countSlices(tab, same, check, json);
    await zoomTimeline(tab, check, box);
    await keyTimeline(tab, check);
    await searchTimeline(tab, same, check, json);
    await show(tab, 'timeline');
    await tab.mouse('mouseMoved', box.x + box.width * 0.5, box.y + 30);
    await tab.frame();
    check('timeline: a tooltip', /CPU 0/.test(await text(tab, '#tip')), await text(tab, '#tip'));
}

export async function useLatency(tab, same, check, json) {
    await show(tab, 'latency');
    const { other } = await drawn(tab, 'latency'), irq = json('irq');
    check('latency: it is drawn', other > 1000, other);
    const lines = await tab.evaluate('page.latency[0].lines.map((line) => [line.tag, line.count])');
    const masked = irq.masked.map((row) => [`masked.cpu_${row.cpu}`, row.count]);
    same('latency: counts of masked sections', lines.filter(([tag]) => tag.startsWith('masked.')).sort(), masked.sort());
    const count = (measure) => irq[measure].reduce((sum, row) => sum + row.count, 0);
    for (const measure of new Set(lines.map(([tag]) => tag.split('.')[0])))
        same(`latency: counts of ${measure}`, lines.filter(([tag]) => tag.startsWith(`${measure}.`)).reduce((sum, line) => sum + line[1], 0), count(measure));
    const p99 = await tab.evaluate('new LatencyLine(page.latency[0].lines.find((line) => line.tag === "masked.cpu_all")).at(0.99)');
    same('latency: p99 is the report\'s', p99, irq.masked.find((row) => row.cpu === 'all').p99_ns);
    const most = irq.assert_to_entry.find((row) => row.cpu === 'all').max_ns;
    check('latency: the largest is the report\'s', (await text(tab, '#latency .details')).includes(`most ${await tab.evaluate(`formatTime(${most}, 'ns')`)}`),
        `${most}: ${await text(tab, '#latency .details')}`);
    await tab.evaluate('document.querySelector("#latency .graph").focus()');
    const before = await text(tab, '#latency .details');
    await tab.key('ArrowRight');
    check('latency: → reads another percentile', await text(tab, '#latency .details') !== before, before);
    const whole = await width(tab);
    await tab.evaluate('document.querySelector("#latency [data-key=worst] button.link").focus()');
    await tab.key('Enter');
    const [from, to] = await range(tab), marked = await text(tab, '#timeline .details');
    check('latency: a worst case leads to the timeline', to - from < whole && /is marked/.test(marked), marked);
    same('latency: and the timeline has the focus', await tab.evaluate('document.activeElement.closest("section").id'), 'timeline');
    await tab.key('0');
}

export async function useFlame(tab, same, check, json) {
    const box = await show(tab, 'flame'), { other } = await drawn(tab, 'flame'), { instructions } = json('calls');
    check('flame: it is drawn', other > 10000, other);
    same('flame: its total is the report\'s', Number(await data(tab, 'flame', 'total')), instructions);
    const shown = await tab.evaluate(`(() => { const tree = new FlameTree(page.flame[0]); let self = 0;
        for (let i = 0; i < tree.n; i++) self += tree.self[i];
        return self + page.flame[0].left_out_total; })()`);
    same('flame: what is shown and what is left out are all', shown, instructions);
    await tab.click(box.x + 100, box.y + 19 * 2.5);
    const root = Number(await data(tab, 'flame', 'root'));
    check('flame: a press zooms', root > 0, root);
    await tab.key('Backspace');
    same('flame: Backspace goes back', await data(tab, 'flame', 'root'), '0');
    await tab.key('ArrowDown');
    await tab.key('ArrowUp');
    await tab.key('ArrowUp');
    await tab.key('ArrowDown');
    await tab.key('Enter');
    check('flame: keys choose and zoom', Number(await data(tab, 'flame', 'root')) > 0, await data(tab, 'flame', 'root'));
    await tab.key('0');
    await tab.key('/');
    await tab.type('schedule');
    check('flame: search finds frames', Number(await data(tab, 'flame', 'matches')) > 0 && /of all/.test(await text(tab, '#flame .state')));
    const chosen = await data(tab, 'flame', 'chosen');
    await tab.key('Enter');
    check('flame: Enter goes to a match', await data(tab, 'flame', 'chosen') !== chosen && /schedule/.test(await text(tab, '#flame .details')));
    await tab.key('Escape');
}

export async function useHeat(tab, same, check, json) {
    const box = await show(tab, 'heatmap'), { other } = await drawn(tab, 'heatmap'), heat = json('heat');
    check('heatmap: it is drawn', other > 1000, other);
    same('heatmap: its sum is the report\'s', await tab.evaluate(`page.heat[0].lines.filter((line) => !line.vcpus)
        .reduce((sum, line) => { for (const numbers = new Numbers(line.blob); numbers.more;) sum += numbers.next(); return sum; }, 0)`), heat.instructions);
    same('heatmap: its first row is the report\'s', await data(tab, 'heatmap', 'first'), heat.rows[0].row);
    await tab.click(box.x + 300, box.y + 24 + 15 * 1.5);
    check('heatmap: a press tells a value', /instructions/.test(await text(tab, '#heatmap .details')), await text(tab, '#heatmap .details'));
    const cell = await data(tab, 'heatmap', 'cell');
    await tab.key('ArrowRight');
    check('heatmap: → is the next cell', await data(tab, 'heatmap', 'cell') !== cell, cell);
    await tab.evaluate('document.querySelector("#heatmap select").focus()');
    await tab.key('ArrowDown');
    same('heatmap: ordered by phase, by keys', await data(tab, 'heatmap', 'order'), 'phase');
}
