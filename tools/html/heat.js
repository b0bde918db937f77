// SPDX-License-Identifier: GPL-2.0-or-later
// The panel of a heatmap: what was hot when. Heat goes by the square root of values, as osinstr report draws it.
const HEAT_ROW = 15, HEAT_AXIS = 24;
keyHelp.push(['Heatmap', [
    ['← → ↑ ↓', 'choose a cell; its value is below the graph'],
    ['Home End', 'first, last column'],
    ['Enter', 'the same time in the timeline'],
]]);

class Heat {
    constructor(data, number, jump) {
        Object.assign(this, { data, jump });
        this.colors = data.colors.map((rgb) => `#${rgb.toString(16).padStart(6, '0')}`);
        this.lines = data.lines.map((line, i) => ({ ...line, rank: i, cells: this.cells(line.blob) }));
        for (const line of this.lines)
            line.half = this.half(line.cells);
        this.cell = null;
        this.build(number ? `heatmap${number + 1}` : 'heatmap');
        this.order('total');
    }
    cells(blob) {
        const numbers = new Numbers(blob);
        return Float64Array.from({ length: this.data.columns }, () => numbers.next());
    }
    // The column in which a row has half of its total.
    half(cells) {
        const whole = cells.reduce((sum, value) => sum + value, 0);
        let until = 0;
        return cells.findIndex((value) => (until += value) * 2 >= whole);
    }
    build(id) {
        const { data } = this;
        this.section = addSection(id, 'Heatmap', `${formatCount(data.rows)} rows of ${visible(data.value_unit)}` +
            `${data.others ? `, ${formatCount(data.others)} more summed in one` : ''}; ${formatCount(data.columns)} columns of ` +
            `${formatTime(data.width, data.unit)}.`, data.dir);
        this.section.dataset.rows = this.lines.length;
        this.section.dataset.columns = data.columns;
        this.select = element('select', { onchange: () => this.order(this.select.value) },
            element('option', { value: 'total' }, 'most first'),
            element('option', { value: 'phase' }, 'by phase of the run'));
        this.details = element('p', { class: 'details', 'aria-live': 'polite' },
            'Press a cell, or use the arrows, for its value. ? lists all keys.');
        this.graph = new Graph({
            label: 'Heatmap; arrows choose a cell',
            height: () => Math.max(280, innerHeight * 0.66),
            total: () => HEAT_AXIS + this.lines.length * HEAT_ROW + 4,
            draw: (...area) => this.draw(...area),
        });
        this.graph.box.addEventListener('pointermove', (event) => this.hover(event));
        this.graph.box.addEventListener('click', (event) => this.click(event));
        this.graph.box.addEventListener('keydown', (event) => this.key(event));
        this.scale = element('canvas', { width: 160, height: 12, 'aria-hidden': 'true' });
        const context = this.scale.getContext('2d');
        for (let x = 0; x < 160; x++) {
            context.fillStyle = this.colors[Math.floor(x / 160 * this.colors.length)];
            context.fillRect(x, 0, 1, 12);
        }
        this.section.append(element('div', { class: 'bar' }, element('label', {}, 'Order', this.select),
            element('span', { class: 'space' }),
            element('span', { class: 'scale' }, '0', this.scale, `${formatShort(data.most)} in one column`)),
        this.graph.box, this.details);
    }
    // Rows of time, and the sum of others, stay below.
    order(name) {
        const place = (line) => (line.vcpus ? 2 : line.other ? 1 : 0);
        this.lines.sort((a, b) => place(a) - place(b) ||
            (name === 'phase' && !place(a) ? a.half - b.half : 0) || a.rank - b.rank);
        this.section.dataset.order = name;
        this.section.dataset.first = this.lines[0]?.name ?? '';
        this.graph.redraw();
    }
    left(width) {
        return width < 560 ? 104 : 230;
    }
    heat(line, column) {
        const value = line.cells[column], levels = this.colors.length - 1;
        if (!value)
            return 0;
        const share = line.vcpus ? Math.min(1, value / (this.widthOf(column) * line.vcpus))
            : Math.sqrt(value / Math.max(this.data.most, 1));
        return Math.max(1, Math.min(levels, Math.ceil(share * levels)));
    }
    widthOf(column) {
        return Math.min(this.data.width, Math.max(this.data.end - column * this.data.width, 1));
    }
    draw(context, width, height, scrolled) {
        const left = this.left(width), { columns } = this.data, each = (width - left) / Math.max(columns, 1);
        context.font = `11px ${color('sans')}`;
        this.lines.forEach((line, k) => {
            const y = HEAT_AXIS + k * HEAT_ROW - scrolled;
            if (y + HEAT_ROW < HEAT_AXIS || y > height)
                return;
            context.fillStyle = color('text');
            context.fillText(fitText(context, visible(line.name), left - 14), 8, y + HEAT_ROW / 2);
            context.fillStyle = this.colors[0];
            context.fillRect(left, y, width - left, HEAT_ROW - 1);
            this.drawLine(context, line, left, y, each, width);
        });
        context.fillStyle = color('sunk');
        context.fillRect(0, 0, width, HEAT_AXIS - 2);
        context.fillStyle = color('muted');
        timeMarks(0n, 0, this.data.end, Math.max(3, (width - left) / 110), this.data.unit, (offset, text) => {
            const x = left + offset / this.data.end * (width - left);
            context.fillRect(x, 0, 1, HEAT_AXIS - 2);
            if (x + context.measureText(text).width + 4 < width)
                context.fillText(text, x + 4, 11);
        });
        if (this.cell) {
            context.strokeStyle = '#ffffff';
            context.lineWidth = 2;
            const x = left + this.cell.column * each, y = HEAT_AXIS + this.cell.row * HEAT_ROW - scrolled;
            context.strokeRect(x - 1, y - 1, Math.max(each, 2) + 2, HEAT_ROW + 1);
        }
    }
    // Where several columns share a pixel, the hottest is seen.
    drawLine(context, line, left, y, each, width) {
        for (let column = 0; column < this.data.columns;) {
            const x = Math.floor(left + column * each);
            let next = column + 1, most = this.heat(line, column);
            while (next < this.data.columns && Math.floor(left + next * each) === x)
                most = Math.max(most, this.heat(line, next++));
            if (most) {
                context.fillStyle = this.colors[most];
                context.fillRect(x, y, Math.min(Math.ceil(left + next * each), width) - x, HEAT_ROW - 1);
            }
            column = next;
        }
    }
    at(event) {
        const { x, y } = this.graph.place(event), width = this.graph.width, left = this.left(width);
        const row = Math.floor((y - HEAT_AXIS + this.graph.scrolled) / HEAT_ROW);
        const column = Math.floor((x - left) / Math.max(width - left, 1) * this.data.columns);
        const inside = y >= HEAT_AXIS && row >= 0 && row < this.lines.length && column >= 0 && column < this.data.columns;
        return inside ? { row, column } : null;
    }
    describe({ row, column }) {
        const line = this.lines[row], { data } = this, value = line.cells[column];
        const stamp = (time) => formatStamp(BigInt(Math.round(Math.min(time, data.end))), data.unit);
        return [visible(line.name), `${stamp(column * data.width)} to ${stamp((column + 1) * data.width)}`,
            line.vcpus ? `${formatTime(value, data.unit)} of ${line.vcpus} CPUs`
                : `${formatCount(value)} ${visible(data.value_unit)}`,
            line.vcpus ? `${formatTime(line.total, data.unit)} in all` : `${formatCount(line.total)} in all`];
    }
    hover(event) {
        const cell = this.at(event);
        if (cell)
            tip.show(this.describe(cell).join('\n'), event.clientX, event.clientY);
        else
            tip.hide();
    }
    choose(cell) {
        this.cell = cell;
        this.details.textContent = this.describe(cell).join(' · ') +
            (this.jump ? ' · Enter: the same time in the timeline' : '');
        this.section.dataset.cell = `${cell.row},${cell.column}`;
        this.graph.reveal(HEAT_AXIS + cell.row * HEAT_ROW, HEAT_ROW + 2, HEAT_AXIS);
        this.graph.redraw();
    }
    click(event) {
        const cell = this.at(event);
        if (cell)
            this.choose(cell);
    }
    key(event) {
        const { row, column } = this.cell ?? { row: 0, column: -1 }, last = this.data.columns - 1;
        const cells = {
            ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
            ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
            Home: [row, 0], End: [row, last],
        };
        if (event.ctrlKey || event.altKey || event.metaKey || last < 0)
            return;
        if (event.key === 'Enter' && this.cell && this.jump) {
            this.jump(BigInt(Math.round(column * this.data.width)));
        } else if (Object.hasOwn(cells, event.key)) {
            const [to, at] = cells[event.key];
            this.choose({ row: Math.max(0, Math.min(this.lines.length - 1, to)), column: Math.max(0, Math.min(last, at)) });
        } else {
            return;
        }
        event.preventDefault();
    }
}
