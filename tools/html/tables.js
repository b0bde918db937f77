// SPDX-License-Identifier: GPL-2.0-or-later
// Tables of a report: sorted by a press on a column, the first rows of long ones.
const FIRST_ROWS = 15;
const HIDDEN = ['key', 'tgid']; // for programs
const LAST = ['address'];

// Those of one kind together; what has no value comes last.
function compareCells(a, b, down) {
    const none = (x) => x === null || x === undefined || x === '';
    if (none(a) || none(b))
        return none(a) - none(b);
    const numeric = (x) => (typeof x === 'number' ? x : /^\d+$/.test(x) ? Number(x) : null);
    const x = numeric(a), y = numeric(b);
    const order = x !== null && y !== null ? x - y
        : x !== null ? -1 : y !== null ? 1 : String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
    return down ? -order : order;
}

function makeCell(row, column) {
    const value = row[column.key], text = formatCell(value, column);
    const numeric = typeof value === 'number' || column.kind !== 'plain';
    const long = text.length > 48;
    if (column.kind === 'stamp' && column.jump && /^\d+$/.test(value)) {
        const button = element('button', { class: 'link', type: 'button', title: 'show in the timeline' }, text);
        button.addEventListener('click', () => column.jump(BigInt(value), row));
        return element('td', { class: 'number' }, button);
    }
    return element('td', { class: numeric ? 'number' : long ? 'wide' : null }, text);
}

// `total`: how many rows the report has; the page may have fewer. jump(time, row) makes links of points in time.
function makeTable({ key, rows, total, columns, jump, caption }) {
    const names = (columns ?? Object.keys(rows[0])).filter((name) => !HIDDEN.includes(name));
    const shown = [...names.filter((name) => !LAST.includes(name)), ...names.filter((name) => LAST.includes(name))]
        .map((name) => ({ ...columnOf(name), jump }));
    const body = element('tbody', {}), more = element('p', { class: 'more' });
    const heads = shown.map((column) => element('th', { scope: 'col' },
        element('button', { type: 'button', onclick: () => sortBy(column) }, column.label)));
    let order = rows, all = rows.length <= FIRST_ROWS + 5, sorted = null, down = false;

    function fill() {
        body.replaceChildren(...order.slice(0, all ? order.length : FIRST_ROWS).map((row) =>
            element('tr', {}, ...shown.map((column) => makeCell(row, column)))));
        more.replaceChildren(...(all ? [] : [element('button', {
            type: 'button',
            onclick: () => {
                all = true;
                fill();
            },
        }, `Show all ${formatCount(rows.length)} rows`)]),
        ...(total > rows.length ? [`The page has ${formatCount(rows.length)} of ${formatCount(total)} rows.`] : []));
        more.hidden = !more.hasChildNodes();
    }
    function sortBy(column) {
        const numeric = rows.some((row) => typeof row[column.key] === 'number');
        down = sorted === column ? !down : numeric;
        sorted = column;
        order = [...rows].sort((a, b) => compareCells(a[column.key], b[column.key], down));
        heads.forEach((head, i) => {
            if (shown[i] === column)
                head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
            else
                head.removeAttribute('aria-sort');
        });
        fill();
    }
    shown.forEach((column, i) => {
        if (rows.some((row) => typeof row[column.key] === 'number') || column.kind !== 'plain')
            heads[i].classList.add('number');
    });
    fill();
    return element('div', { class: 'report-table', 'data-key': key, 'data-rows': total },
        element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
            element('table', {}, element('thead', {}, element('tr', {}, ...heads)), body)), more);
}

// A table that opens.
function makeFold(title, table, total, open) {
    return element('details', { class: 'table', open },
        element('summary', {}, title, element('small', {}, `${formatCount(total)} rows`)), table);
}

const isTable = (value) => Array.isArray(value) && value.length > 0 && typeof value[0] === 'object' && value[0] !== null;

// All tables of a report, but for those that another panel shows.
function addTables(run, section, jump, skip) {
    const names = Object.keys(run.summary).filter((key) => isTable(run.summary[key]) && !skip(key));
    if (!names.length)
        return;
    const group = element('div', { class: 'run' }, element('h3', {}, visible(run.summary.report), ' ',
        element('small', { class: 'from' }, visible(run.dir))));
    names.forEach((key, i) => {
        const rows = run.summary[key], total = run.summary.rows_of[key], title = key.replace(/_/g, ' ');
        const table = makeTable({ key, rows, total, jump, caption: title });
        group.append(makeFold(title, table, total, i === 0));
    });
    section.append(group);
}
