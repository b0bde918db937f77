// SPDX-License-Identifier: GPL-2.0-or-later
// What was observed, how, and what the report warns of.
const MACHINE = ['target', 'host', 'kernel', 'clock', 'vcpus'];
const ABOUT = ['report', 'unit', 'notes', 'rows_of'];

function factList(facts) {
    return element('dl', { class: 'facts' }, ...facts.flatMap(([key, value]) => {
        const column = columnOf(key);
        return [element('dt', {}, column.label),
            element('dd', { 'data-fact': key }, formatCell(value, column))];
    }));
}

// Options without those that are as always would need the plugin's table; so all, one at a line's break.
function spaced(key, value) {
    return key === 'options' && typeof value === 'string' ? value.replace(/,/g, ', ') : value;
}

function factsOf(summary, wanted) {
    return Object.entries(summary)
        .filter(([key, value]) => !ABOUT.includes(key) && (value === null || typeof value !== 'object') && wanted(key))
        .map(([key, value]) => [key, spaced(key, value)]);
}

// Of a file that someone has changed this may be anything.
function notesOf(summary) {
    return Array.isArray(summary.notes) && summary.notes.every((note) => typeof note === 'string') ? summary.notes : [];
}

// A fact of the machine stands once if all runs say the same.
function addSummary() {
    const runs = page.runs, section = addSection('summary', 'Summary');
    const common = MACHINE.filter((key) => key in runs[0].summary &&
        runs.every((run) => run.summary[key] === runs[0].summary[key]));
    const cards = element('div', { class: 'cards' });
    if (common.length)
        cards.append(element('div', { class: 'card', 'data-card': 'machine' }, element('h3', {}, 'Machine'),
            factList(factsOf(runs[0].summary, (key) => common.includes(key)))));
    for (const run of runs)
        cards.append(element('div', { class: 'card', 'data-card': run.summary.report },
            element('h3', {}, visible(run.summary.report), ' ', element('small', {}, visible(run.dir))),
            factList(factsOf(run.summary, (key) => !common.includes(key)))));
    section.append(cards);
    const notes = runs.flatMap((run) => notesOf(run.summary).map((note) =>
        element('li', {}, element('b', {}, `${visible(run.summary.report)}: `), visible(note))));
    if (notes.length)
        section.append(element('ul', { class: 'notes' }, ...notes));
    document.getElementById('what').textContent = runs.map((run) => visible(run.summary.report)).join(' · ');
    document.title = `osinstr: ${runs.map((run) => visible(run.dir)).join(', ')}`;
}
