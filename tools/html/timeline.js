// SPDX-License-Identifier: GPL-2.0-or-later
// The panel of the timeline: what is seen of it, what is chosen, what is looked for.

// Tasks and interrupts whose names have a text; the slices of those, in order of time.
class TimelineSearch {
    constructor(timeline) {
        this.timeline = timeline;
        this.matches = null;
        this.input = element('input', {
            type: 'search', placeholder: 'task or interrupt', 'aria-label': 'Search by name',
            oninput: () => this.look(), onkeydown: (event) => this.key(event),
        });
        const button = (label, text, by) =>
            element('button', { type: 'button', 'aria-label': label, onclick: () => this.go(by) }, text);
        this.previous = button('Previous match', '▲', -1);
        this.next = button('Next match', '▼', 1);
        this.state = element('span', { class: 'state', role: 'status' });
        this.look();
    }
    key(event) {
        if (event.key === 'Enter') {
            event.preventDefault();
            this.go(event.shiftKey ? -1 : 1);
        } else if (event.key === 'Escape') {
            this.input.value = '';
            this.look();
            this.timeline.graph.box.focus();
        }
    }
    look() {
        const { slices } = this.timeline, text = this.input.value.trim().toLowerCase();
        const has = (name) => visible(name).toLowerCase().includes(text);
        const tasks = slices.tasks.map((task) => has(`${task.name} ${task.pid}`));
        const texts = slices.texts.map(has);
        this.matches = text ? {
            has: (lane, i) => lane.what[i] > 0 && lane.kind !== 'masked' &&
                (lane.kind === 'tasks' ? tasks : texts)[lane.what[i] - 1],
        } : null;
        this.count();
        for (const button of [this.previous, this.next])
            button.disabled = !this.found;
        this.state.textContent = !text ? '' : this.found ? `${formatCount(this.found)} slices` : 'nothing';
        this.timeline.graph?.redraw();
    }
    count() {
        this.found = 0;
        for (const lane of this.matches ? this.timeline.slices.lanes : [])
            for (let i = 0; i < lane.n; i++)
                this.found += this.matches.has(lane, i);
        this.timeline.section?.setAttribute('data-matches', this.found);
    }
    // The next of all rows after the chosen slice, or after what is in the middle; then from the other end again.
    go(direction) {
        if (!this.found)
            return;
        const { timeline } = this, { row, slice, view } = timeline;
        const here = row && slice !== null && row.source.n > slice ? row.source.start[slice] : (view.from + view.to) / 2;
        const best = this.nearest(here, direction) ?? this.nearest(direction > 0 ? -1 : Infinity, direction);
        if (best)
            timeline.goTo(best.row, best.i);
    }
    nearest(here, direction) {
        let best = null;
        for (const row of this.timeline.drawing.rows) {
            const lane = row.source;
            if (row.kind === 'task')
                continue;
            let i = direction > 0 ? firstIndex(0, lane.n, (k) => lane.start[k] > here)
                : firstIndex(0, lane.n, (k) => lane.start[k] >= here) - 1;
            while (i >= 0 && i < lane.n && !this.matches.has(lane, i))
                i += direction;
            if (i >= 0 && i < lane.n && (!best || direction * (lane.start[i] - best.row.source.start[best.i]) < 0))
                best = { row, i };
        }
        return best;
    }
}

const TIMELINE_HINT = 'Drag to see a stretch; press a slice, or , and ., for its times. After a press the wheel zooms. ' +
    '? lists all keys.';

class Timeline {
    constructor(data) {
        this.slices = new Slices(data);
        this.drawing = new TimelineDrawing(this.slices);
        this.view = { from: 0, to: this.slices.span };
        this.past = [];
        this.row = this.slice = this.mark = null;
        this.search = new TimelineSearch(this);
        this.build(data);
        new TimelineInput(this, this.graph);
        this.search.look();
        this.said();
    }
    get left() {
        return this.drawing.gutter(this.graph.width);
    }
    get perPixel() {
        return (this.view.to - this.view.from) / Math.max(this.graph.width - this.left, 1);
    }
    timeAt(x) {
        return this.view.from + (Math.max(x, this.left) - this.left) * this.perPixel;
    }
    build(data) {
        const { slices } = this, kinds = new Set(slices.lanes.map((lane) => lane.kind));
        const button = (text, label, act) => element('button', { type: 'button', 'aria-label': label, onclick: act }, text);
        const joined = data.quantum ? ` Of those that are shorter than ${formatTime(data.quantum, slices.unit)}, ` +
            `${formatCount(slices.joined)} were joined to keep the page small; a task that has no others has no row.` : '';
        this.section = addSection('timeline', 'Timeline',
            `${formatCount(slices.count)} slices of ${formatCount(slices.rows.length)} tasks` +
            `${kinds.has('irqs') ? ' and of interrupts' : ''}. ` +
            'Rows of CPUs show who ran, rows of tasks on which CPU; a thin line before a slice is the wait since the ' +
            `wakeup.${joined}`,
            [...new Set([data.tasks_from, data.irqs_from])].filter(Boolean).join(', '));
        this.section.dataset.slices = slices.count;
        this.range = element('span', { class: 'state', role: 'status' });
        this.details = element('p', { class: 'details', 'aria-live': 'polite', id: 'timeline-details' }, TIMELINE_HINT);
        this.graph = new Graph({
            label: 'Timeline; arrows move it, plus and minus zoom, comma and full stop choose slices',
            kind: 'plot',
            height: () => Math.max(300, innerHeight * 0.66),
            total: () => this.drawing.total,
            draw: (context, width, height, scrolled) => this.drawing.draw(context, width, height, scrolled, {
                view: this.view, matches: this.search.matches, row: this.row, slice: this.slice, mark: this.mark,
                selection: this.selection,
            }),
        });
        this.graph.box.setAttribute('aria-describedby', 'timeline-details');
        this.section.append(element('div', { class: 'bar' }, this.search.input, this.search.previous, this.search.next,
            this.search.state, element('span', { class: 'space' }), this.range,
            button('−', 'Zoom out', () => this.zoom(2)), button('+', 'Zoom in', () => this.zoom(0.5)),
            button('All', 'The whole run', () => this.show(0, slices.span)),
            button('Back', 'Back to the stretch before', () => this.back())),
        this.graph.box, this.details, this.legend(kinds));
    }
    legend(kinds) {
        const words = { irqs: 'interrupts', softirqs: 'softirqs', masked: 'interrupts masked' };
        return element('ul', { class: 'legend' },
            ...this.slices.rows.slice(0, TASK_COLORS.length).map((row) => this.legendItem(
                this.drawing.colors.get(row.key), `${visible(row.task.name)} ${row.task.pid}`)),
            ...Object.keys(words).filter((kind) => kinds.has(kind)).map((kind) =>
                this.legendItem(KIND_COLORS[kind], words[kind])));
    }
    legendItem(own, text) {
        const mark = element('i', {});
        mark.style.setProperty('--c', own);
        return element('li', {}, mark, text);
    }
    // ---- what is seen
    remember(view) {
        this.past = [...this.past.slice(-49), { ...view }];
    }
    show(from, to, remember = true) {
        const { span } = this.slices, width = Math.min(Math.max(to - from, 20), Math.max(span, 20));
        if (remember)
            this.remember(this.view);
        from = Math.max(0, Math.min(from, span - width));
        this.view = { from, to: from + width };
        this.said();
    }
    said() {
        const { slices, view } = this;
        this.range.textContent = `${slices.time(view.from)} – ${slices.time(view.to)} ` +
            `(${formatTime(view.to - view.from, slices.unit)})`;
        this.section.dataset.from = Math.round(view.from);
        this.section.dataset.to = Math.round(view.to);
        this.graph.redraw();
    }
    zoom(by, around = (this.view.from + this.view.to) / 2) {
        const { from, to } = this.view;
        this.show(around - (around - from) * by, around + (to - around) * by);
    }
    back() {
        const view = this.past.pop();
        if (view)
            this.show(view.from, view.to, false);
    }
    select(from, to) {
        this.selection = from === null ? null : { from: Math.min(from, to), to: Math.max(from, to) };
        this.graph.redraw();
    }
    zoomToSelection() {
        const { selection } = this;
        this.selection = null;
        if (selection)
            this.show(selection.from, selection.to);
    }
    // ---- what is chosen
    rowAt(y) {
        const at = y + this.graph.scrolled;
        return y < AXIS ? null : this.drawing.rows.find((row) => at >= row.y - 1 && at < row.y + row.height + 1);
    }
    // A slice below a pointer, or nearly.
    sliceAt(row, x) {
        const time = this.timeAt(x), near = 3 * this.perPixel, { source } = row;
        const i = source.at(time - near);
        return i < source.n && source.start[i] <= time + near ? i : null;
    }
    hover(place) {
        const row = this.rowAt(place.y), i = row && place.x >= this.left ? this.sliceAt(row, place.x) : null;
        const box = this.graph.canvas.getBoundingClientRect();
        if (i === null || i === undefined)
            tip.hide();
        else
            tip.show(this.slices.describe(row.source.lane(i), row.source.index(i)).join('\n'),
                box.left + place.x, box.top + place.y);
    }
    choose(place) {
        const row = this.rowAt(place.y);
        this.row = row ?? this.row;
        this.slice = row ? this.sliceAt(row, place.x) : this.slice;
        this.chosen();
    }
    chooseRow(by) {
        const { rows } = this.drawing, at = rows.indexOf(this.row);
        this.row = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
        this.slice = null;
        this.chosen();
    }
    chooseSlice(by) {
        const row = this.row ?? this.drawing.rows[0], { source } = row;
        const middle = (this.view.from + this.view.to) / 2;
        const next = this.slice === null ? source.at(middle) - (by < 0 ? 1 : 0) : this.slice + by;
        this.goTo(row, Math.max(0, Math.min(source.n - 1, next)), false);
    }
    // Brings a slice into view, nearer if it could not be seen.
    goTo(row, i, center = true) {
        const from = row.source.start[i], to = row.source.end[i];
        const seen = this.view.to - this.view.from, small = center && to - from < 2 * this.perPixel;
        const width = small ? Math.max(200 * (to - from), this.slices.span / 5000, 1000) : seen;
        this.row = row;
        this.slice = i;
        if (center || from < this.view.from || to > this.view.to)
            this.show((from + to - width) / 2, (from + to + width) / 2);
        this.chosen();
    }
    chosen() {
        const { row, slice } = this;
        if (row)
            this.graph.reveal(row.y, row.height + 4, AXIS);
        this.details.textContent = !row ? TIMELINE_HINT : slice === null ? row.name
            : this.slices.describe(row.source.lane(slice), row.source.index(slice)).join(' · ');
        this.section.dataset.chosen = row && slice !== null ? Math.round(row.source.start[slice]) : '';
        this.graph.redraw();
    }
    zoomToSlice() {
        if (!this.row || this.slice === null)
            return;
        const from = this.row.source.start[this.slice], to = this.row.source.end[this.slice];
        const half = Math.max((to - from) / 2, 10);
        this.show(from - half, to + half);
    }
    clear() {
        this.row = this.slice = this.mark = null;
        this.search.input.value = '';
        this.search.look();
        this.chosen();
        this.said();
    }
    // A point in time, from elsewhere in the page; `length`: of what ends there.
    jump(time, length = 0) {
        const at = Number(BigInt(time) - this.slices.base), width = Math.max(length * 2, this.slices.span / 2000, 1000);
        this.mark = at;
        this.show(at - length - width / 2, at + width / 2);
        this.section.scrollIntoView({ block: 'start' });
        this.graph.box.focus({ preventScroll: true });
        this.details.textContent = `${formatStamp(time, this.slices.unit)} is marked`;
        this.graph.box.scrollTop = 0;
    }
}
