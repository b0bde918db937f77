// SPDX-License-Identifier: GPL-2.0-or-later
// How a timeline looks: rows, slices, axis. What is narrower than a pixel is drawn as the share of that pixel
// that it fills, in the colour of the longest; so drawing costs what is seen, not what there is.
const AXIS = 26;
// Okabe and Ito's colours, which people with any kind of colour vision tell apart; vermillion is that of interrupts.
const TASK_COLORS = ['#0072b2', '#009e73', '#56b4e9', '#e69f00', '#cc79a7', '#7a6fb0'];
const KIND_COLORS = { irqs: '#d55e00', softirqs: '#e69f00', masked: '#8a7f9e' };
const SAMPLES = 8;

class TimelineDrawing {
    constructor(slices) {
        this.slices = slices;
        this.colors = new Map(); // by a task's key
        slices.rows.forEach((row, rank) => {
            const tone = TASK_COLORS[rank % TASK_COLORS.length], round = Math.floor(rank / TASK_COLORS.length) % 3;
            this.colors.set(row.key, round ? mix(tone, round === 1 ? '#ffffff' : '#404040', 0.38) : tone);
        });
        this.makeRows();
    }
    makeRows() {
        const heights = { tasks: 24, irqs: 12, softirqs: 12, masked: 10 };
        this.rows = [];
        let y = AXIS, last = null;
        for (const lane of this.slices.lanes) {
            const height = heights[lane.kind], first = lane.cpu !== last;
            y += first && this.rows.length ? 6 : 0;
            last = lane.cpu;
            this.rows.push({
                y, height, source: lane, kind: lane.kind, first,
                label: lane.kind === 'tasks' ? `CPU ${lane.cpu}` : `${lane.kind}${lane.depth ? ` in ${lane.depth}` : ''}`,
                name: `CPU ${lane.cpu}, ${lane.kind}${lane.depth ? `, depth ${lane.depth}` : ''}`,
            });
            y += height + 2;
        }
        y += 8;
        for (const row of this.slices.rows) {
            const label = `${visible(row.task.name)} ${row.task.pid}`;
            this.rows.push({ y, height: 16, source: row, kind: 'task', label, name: `task ${label}` });
            y += 18;
        }
        this.total = y + 4;
    }
    marks(width) {
        return Math.max(3, width / 110);
    }
    gutter(width) {
        return width < 560 ? 92 : 164;
    }
    // #rrggbb of a slice; `matches`: of what is looked for, null for all.
    colorOf(lane, i, matches) {
        const what = lane.what[i];
        let own = lane.kind === 'tasks' ? what ? this.colors.get(this.slices.tasks[what - 1].key) : '#8c8c8c'
            : KIND_COLORS[lane.kind];
        if (matches && !matches.has(lane, i))
            own = mix(own, color('panel'), 0.82);
        return own;
    }
    drawRow(context, row, y, view, left, width, matches) {
        const { source, height } = row, scale = (width - left) / (view.to - view.from);
        for (let i = source.at(view.from); i < source.n && source.start[i] < view.to;) {
            const x = left + (source.start[i] - view.from) * scale, to = left + (source.end[i] - view.from) * scale;
            if (to - x >= 1.5) {
                this.drawSlice(context, row, i, y, Math.max(x, left), Math.min(to, width), matches);
                this.drawWait(context, row, i, y, x, scale, left);
                i++;
                continue;
            }
            const pixel = Math.max(Math.floor(x), left);
            const until = source.from(view.from + (pixel + 1 - left) / scale, i + 1);
            this.drawPixel(context, source, i, until, pixel, y, height, scale, matches);
            for (let k = i; row.kind === 'task' && k < Math.min(until, i + SAMPLES); k++)
                this.drawWait(context, row, k, y, left + (source.start[k] - view.from) * scale, scale, left);
            i = until;
        }
    }
    drawSlice(context, row, i, y, x, to, matches) {
        const lane = row.source.lane(i), own = row.source.index(i), fill = this.colorOf(lane, own, matches);
        context.globalAlpha = lane.what[own] ? 1 : 0.6;
        context.fillStyle = fill;
        context.fillRect(x, y, Math.max(to - x - (to - x > 4 ? 0.7 : 0), 1), row.height);
        context.globalAlpha = 1;
        if (row.height < 16 || to - x < 34)
            return;
        const name = row.kind === 'task' ? `CPU ${lane.cpu}` : this.slices.nameOf(lane, own);
        context.fillStyle = inkOn(fill);
        context.fillText(fitText(context, name, to - x - 8), x + 4, y + row.height / 2 + 0.5);
    }
    // A task that was woken waits until it runs.
    drawWait(context, row, i, y, x, scale, left) {
        const lane = row.source.lane(i), wait = lane.extra[row.source.index(i)] * scale;
        if (row.kind !== 'task' || wait < 1 || x <= left)
            return;
        context.fillStyle = color('muted');
        context.fillRect(Math.max(x - wait, left), y + row.height / 2 - 1, Math.min(wait, x - left), 2);
    }
    drawPixel(context, source, from, until, pixel, y, height, scale, matches) {
        const share = Math.min(1, (source.busy[until] - source.busy[from]) * scale);
        const step = Math.max(1, Math.floor((until - from) / SAMPLES));
        let longest = from;
        for (let i = from; i < until; i += step) {
            if (matches && matches.has(source.lane(i), source.index(i))) {
                longest = i;
                break;
            }
            if (source.end[i] - source.start[i] > source.end[longest] - source.start[longest])
                longest = i;
        }
        context.globalAlpha = 0.3 + 0.7 * share;
        context.fillStyle = this.colorOf(source.lane(longest), source.index(longest), matches);
        context.fillRect(pixel, y, 1, height);
        context.globalAlpha = 1;
    }
    drawLabel(context, row, y, left, selected) {
        context.fillStyle = color(selected || row.first || row.kind === 'task' ? 'text' : 'muted');
        context.font = `${row.first ? '600 ' : ''}${row.height < 16 ? 10.5 : 12}px ${color('sans')}`;
        const indent = row.kind === 'tasks' || row.kind === 'task' || row.first ? 8 : 16;
        context.fillText(fitText(context, row.label, left - indent - 6), indent, y + row.height / 2 + 0.5);
        context.font = `12px ${color('sans')}`;
    }
    drawAxis(context, width, left, view) {
        const scale = (width - left) / (view.to - view.from);
        context.fillStyle = color('sunk');
        context.fillRect(0, 0, width, AXIS - 4);
        context.fillStyle = color('muted');
        timeMarks(this.slices.base, view.from, view.to, this.marks(width - left), this.slices.unit, (offset, text) => {
            const x = left + (offset - view.from) * scale;
            if (x + context.measureText(text).width + 4 < width)
                context.fillText(text, x + 4, 11);
            context.fillRect(x, 0, 1, AXIS - 4);
        });
    }
    drawGrid(context, width, height, left, view) {
        const scale = (width - left) / (view.to - view.from);
        context.fillStyle = color('line');
        context.globalAlpha = 0.6;
        timeMarks(this.slices.base, view.from, view.to, this.marks(width - left), this.slices.unit, (offset) =>
            context.fillRect(left + (offset - view.from) * scale, AXIS, 1, height));
        context.globalAlpha = 1;
        context.fillRect(left - 1, 0, 1, height);
    }
    // state: { view, matches, row, slice, mark, selection }
    draw(context, width, height, scrolled, state) {
        const left = this.gutter(width), { view } = state;
        this.drawGrid(context, width, height, left, view);
        context.save();
        context.beginPath();
        context.rect(0, AXIS - 3, width, height);
        context.clip();
        for (const row of this.rows) {
            const y = row.y - scrolled;
            if (y + row.height < AXIS || y > height)
                continue;
            if (row === state.row) {
                context.fillStyle = color('sunk');
                context.fillRect(0, y - 1, width, row.height + 2);
            }
            this.drawRow(context, row, y, view, left, width, state.matches);
            this.drawLabel(context, row, y, left, row === state.row);
        }
        this.drawMarks(context, width, height, scrolled, left, state);
        context.restore();
        this.drawAxis(context, width, left, view);
    }
    drawMarks(context, width, height, scrolled, left, { view, row, slice, mark, selection }) {
        const scale = (width - left) / (view.to - view.from);
        const x = (time) => Math.max(left, Math.min(width, left + (time - view.from) * scale));
        if (row && slice !== null && slice < row.source.n) {
            const from = x(row.source.start[slice]), to = x(row.source.end[slice]);
            context.strokeStyle = color('text');
            context.lineWidth = 2;
            context.strokeRect(from - 1, row.y - scrolled - 1, Math.max(to - from, 2) + 2, row.height + 2);
        }
        if (mark !== null && mark >= view.from && mark <= view.to) {
            context.fillStyle = color('accent');
            context.fillRect(x(mark) - 1, 0, 2, height);
        }
        if (selection) {
            context.fillStyle = color('accent');
            context.globalAlpha = 0.22;
            context.fillRect(x(selection.from), 0, x(selection.to) - x(selection.from), height);
            context.globalAlpha = 1;
        }
    }
}
