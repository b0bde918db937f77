// SPDX-License-Identifier: GPL-2.0-or-later
// Makes the panels that the page has data for.
function start() {
    theme.start();
    startHelp();
    addSummary();
    const timeline = page.timeline ? new Timeline(page.timeline) : null;
    // A time of a run that counts otherwise than the timeline is no place in it.
    const jumpFrom = (unit) => (timeline && timeline.slices.unit === unit
        ? (time, length) => timeline.jump(time, typeof length === 'number' ? length : 0) : null);
    page.latency.filter((data) => data.lines.length)
        .forEach((data, i) => new Latency(data, i).addWorst(jumpFrom(data.unit)));
    page.flame.forEach((data, i) => new Flame(data, i));
    page.heat.filter((data) => data.lines.length && data.columns)
        .forEach((data, i) => new Heat(data, i, jumpFrom(data.unit)));
    if (page.runs.some((run) => Object.values(run.summary).some(isTable))) {
        const section = addSection('tables', 'Tables', 'As the plugins report them. A press on a column sorts by it.');
        for (const run of page.runs) {
            const shown = page.latency.some((data) => data.dir === run.dir && data.lines.length);
            addTables(run, section, jumpFrom(run.summary.unit), (key) => shown && key.startsWith('worst_'));
        }
    }
    graphs.forEach((graph) => graph.layout());
    // For whoever measures: when all was drawn first.
    requestAnimationFrame(() => requestAnimationFrame(() => {
        document.documentElement.dataset.ready = Math.round(performance.now());
    }));
}

try {
    start();
} catch (error) {
    document.getElementById('panels').prepend(element('p', { class: 'broken', role: 'alert' },
        `This page could not be drawn: ${error}`));
    throw error;
}
