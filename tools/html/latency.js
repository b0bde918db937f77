// SPDX-License-Identifier: GPL-2.0-or-later
// Latencies by percentile: the axis has as much room for the last percent as for the ninety before.
const LINE_COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7a6fb0', '#8c8c8c'];
const LINE_DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
keyHelp.push(['Latencies', [['← →', 'percentile to read'], ['↑ ↓', 'line to read']]]);

const nines = (share) => -Math.log10(1 - share);

class LatencyLine {
    constructor({ tag, count, blob }) {
        const [, measure, label, cpu] = /^([^.]*)\.?(.*?)\.?(cpu_[^.]*)?$/.exec(tag);
        Object.assign(this, { tag, count, measure, cpu: cpu ? cpu.slice(4) : '' });
        this.label = [label.replace(/^irq(\d+)\.(.+)$/, '$2 (irq $1)'),
            cpu && cpu !== 'cpu_all' ? `CPU ${cpu.slice(4)}` : '']
            .filter(Boolean).join(', ') || 'all CPUs';
        this.shares = [];
        this.values = [];
        const numbers = new Numbers(blob);
        for (let high = 0, seen = 0; numbers.more;) {
            high += numbers.next();
            seen += numbers.next();
            this.values.push(high);
            this.shares.push(seen / count);
        }
        this.end = Math.max(nines(1 - 1 / count), 1) + 0.25;
    }
    // The least value that so large a share does not exceed.
    at(share) {
        const last = this.shares.length - 1;
        return this.values[firstIndex(0, last, (i) => this.shares[i] >= share)];
    }
    // Points of the line: a place on the axis, a value.
    *points() {
        let before = 0;
        for (let i = 0; i < this.values.length; i++) {
            const to = this.shares[i] >= 1 ? this.end : Math.min(nines(this.shares[i]), this.end);
            yield [before, this.values[i]];
            yield [to, this.values[i]];
            before = to;
        }
    }
}

class Latency {
    constructor(data, number) {
        this.data = data;
        this.lines = data.lines.map((line) => new LatencyLine(line));
        this.measures = [...new Set(this.lines.map((line) => line.measure))];
        this.summary = page.runs.find((run) => run.dir === data.dir).summary;
        this.lines.forEach((line) => this.takeMost(line));
        this.cursor = 2;
        this.build(number ? `latency${number + 1}` : 'latency');
        this.choose(this.measures[0]);
    }
    build(id) {
        this.section = addSection(id, 'Latencies', 'How long it took at most in so large a share of cases. ' +
            'Values are off by 0.8 % at most; the largest is exact.', this.data.dir);
        this.section.dataset.lines = this.lines.length;
        this.select = element('select', { onchange: () => this.choose(this.select.value) },
            ...this.measures.map((measure) => element('option', { value: measure }, measure.replace(/_/g, ' '))));
        this.legend = element('ul', { class: 'legend' });
        this.details = element('p', { class: 'details', 'aria-live': 'polite' });
        this.graph = new Graph({
            label: 'Latencies by percentile; arrows choose a percentile and a line',
            kind: 'plot',
            height: (width) => Math.max(240, Math.min(420, width * 0.5)),
            total: () => Infinity,
            draw: (context, width, height) => this.draw(context, width, height),
        });
        this.graph.totalOf = () => this.graph.heightOf(this.graph.width);
        this.graph.box.addEventListener('keydown', (event) => this.key(event));
        this.graph.box.addEventListener('pointermove', (event) => this.point(event));
        this.section.append(element('div', { class: 'bar' }, element('label', {}, 'From what to what', this.select)),
            this.graph.box, this.legend, this.details);
    }
    // The report has the largest value itself, the histogram only its bucket.
    takeMost(line) {
        const { measure, tag, values } = line, rows = this.summary[measure], max = `max_${this.data.unit}`;
        const row = isTable(rows) && rows.find((one) => (String(one.cpu) === line.cpu) && (!one.name ||
            (one.hwirq === undefined ? tag.includes(`.${one.name}.`) : tag.includes(`.irq${one.hwirq}.`))));
        if (row && typeof row[max] === 'number')
            values[values.length - 1] = Math.min(values[values.length - 1], row[max]);
    }
    choose(measure) {
        this.measure = measure;
        this.all = this.lines.filter((line) => line.measure === measure);
        const whole = this.all.filter((line) => line.cpu === 'all' || !line.cpu);
        this.shown = new Set(whole.length ? whole : this.all);
        this.current = [...this.shown].sort((a, b) => b.count - a.count)[0];
        this.all.forEach((line, i) => {
            line.color = LINE_COLORS[i % LINE_COLORS.length];
            line.dash = LINE_DASHES[Math.floor(i / LINE_COLORS.length) % LINE_DASHES.length];
        });
        this.addLegend();
        this.said();
    }
    addLegend() {
        this.legend.replaceChildren(...this.all.map((line) => {
            const mark = element('i', {}), button = element('button', {
                type: 'button', 'aria-pressed': String(this.shown.has(line)), class: line === this.current ? 'strong' : '',
                onclick: () => {
                    if (!this.shown.delete(line))
                        this.shown.add(line);
                    this.current = this.shown.has(line) ? line : [...this.shown][0];
                    this.addLegend();
                    this.said();
                    [...this.legend.querySelectorAll('button')][this.all.indexOf(line)].focus();
                },
            }, mark, `${visible(line.label)} · ${formatCount(line.count)}`);
            mark.style.setProperty('--c', line.color);
            return element('li', {}, button);
        }));
    }
    key(event) {
        const shown = this.all.filter((line) => this.shown.has(line)), at = shown.indexOf(this.current);
        const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (!steps || !shown.length || event.ctrlKey || event.altKey)
            return;
        event.preventDefault();
        this.cursor = Math.max(0, Math.min(this.end, this.cursor + steps[0] * 0.1));
        this.current = shown[(at + steps[1] + shown.length) % shown.length];
        this.addLegend();
        this.said();
    }
    point(event) {
        const { x, y } = this.graph.place(event), shown = this.all.filter((line) => this.shown.has(line));
        if (!this.area || !shown.length || x < this.area.left)
            return;
        this.cursor = Math.max(0, Math.min(this.end, (x - this.area.left) / this.area.width * this.end));
        const off = (line) => Math.abs(this.y(line.at(1 - 10 ** -this.cursor)) - y);
        const nearest = shown.reduce((a, b) => (off(b) < off(a) ? b : a));
        if (nearest !== this.current) {
            this.current = nearest;
            this.addLegend();
        }
        this.said();
    }
    said() {
        const line = this.current, unit = this.data.unit, share = 1 - 10 ** -this.cursor;
        const digits = Math.max(1, Math.ceil(this.cursor));
        this.details.textContent = !line ? '' : `${visible(line.label)}: ${(100 * share).toFixed(digits)} % took at most ` +
            `${formatTime(line.at(share), unit)} (${formatExact(line.at(share), unit)}) · ` +
            `p50 ${formatTime(line.at(0.5), unit)} · p99 ${formatTime(line.at(0.99), unit)} · most ${formatTime(line.at(1), unit)}`;
        this.graph.redraw();
    }
    y(value) {
        const { top, height, low, high } = this.area;
        return top + height * (1 - Math.log10(Math.max(value, low) / low) / Math.log10(high / low));
    }
    drawGrid(context, width, height) {
        const { left, top } = this.area, unit = this.data.unit;
        context.fillStyle = color('muted');
        context.textAlign = 'right';
        for (let value = this.area.low; value <= this.area.high * 1.01; value *= 10) {
            const text = unit === 'ns' ? formatTime(value, unit).replace(/\.0+ /, ' ') : formatShort(value);
            context.fillText(text, left - 6, this.y(value));
            context.globalAlpha = 0.25;
            context.fillRect(left, Math.round(this.y(value)), width - left, 1);
            context.globalAlpha = 1;
        }
        context.textAlign = 'center';
        const marks = [[0, '0'], [nines(0.5), '50 %'], [1, '90 %']];
        for (let n = 2; n <= this.end; n++)
            marks.push([n, `${(100 - 10 ** (2 - n)).toFixed(n - 2)} %`]);
        let free = left;
        for (const [at, text] of marks) {
            const x = left + at / this.end * this.area.width, half = context.measureText(text).width / 2 + 3;
            if (at === 0 || (x - half >= free && x + half <= width)) {
                context.fillText(text, Math.max(x, left + half), top + this.area.height + 14);
                free = Math.max(x, left + half) + half;
            }
            context.globalAlpha = 0.25;
            context.fillRect(Math.round(x), top, 1, this.area.height);
            context.globalAlpha = 1;
        }
        context.textAlign = 'left';
    }
    drawLine(context, line) {
        const { left, width } = this.area;
        context.beginPath();
        for (const [at, value] of line.points())
            context.lineTo(left + at / this.end * width, this.y(value));
        context.setLineDash(line.dash);
        context.strokeStyle = line.color;
        context.lineWidth = line === this.current ? 3 : 1.6;
        context.stroke();
        context.setLineDash([]);
    }
    draw(context, width, height) {
        const shown = this.all.filter((line) => this.shown.has(line));
        // The very least is often nothing at all; it is below the axis.
        const low = shown.map((line) => Math.max(line.at(0.05), 1)), high = shown.map((line) => line.at(1));
        const left = 64, top = 12;
        this.end = Math.max(...shown.map((line) => line.end), 1);
        this.area = {
            left, top, width: width - left - 14, height: height - top - 30,
            low: 10 ** Math.floor(Math.log10(Math.min(...low, 1e12))),
            high: 10 ** Math.ceil(Math.log10(Math.max(...high, 10))),
        };
        if (this.area.low >= this.area.high)
            this.area.low = this.area.high / 10;
        this.drawGrid(context, width, height);
        shown.filter((line) => line !== this.current).concat(this.current ?? [])
            .forEach((line) => this.drawLine(context, line));
        if (this.current) {
            const share = 1 - 10 ** -this.cursor, x = left + this.cursor / this.end * this.area.width;
            context.fillStyle = color('text');
            context.fillRect(x, top, 1, this.area.height);
            context.beginPath();
            context.arc(x, this.y(this.current.at(share)), 4, 0, 7);
            context.fill();
        }
    }
    // The largest of each measure, and how they came about.
    addWorst(jump) {
        const { summary } = this, suffix = `_${this.data.unit}`, rows = [];
        const measures = Object.keys(summary).filter((key) => isTable(summary[key]) && `max_at${suffix}` in summary[key][0]);
        for (const measure of measures)
            for (const row of summary[measure].filter((one) => String(one.cpu) === 'all'))
                rows.push({
                    measure: measure.replace(/_/g, ' '),
                    what: row.name ? `${row.name}${Number.isInteger(row.hwirq) ? ` (irq ${row.hwirq})` : ''}` : 'all',
                    cases: row.count, [`p99${suffix}`]: row[`p99${suffix}`], [`max${suffix}`]: row[`max${suffix}`],
                    [`max_at${suffix}`]: row[`max_at${suffix}`],
                });
        if (rows.length) {
            rows.sort((a, b) => b[`max${suffix}`] - a[`max${suffix}`]);
            const table = makeTable({
                key: 'worst', rows, total: rows.length, caption: 'Worst cases',
                jump: jump && ((time, row) => jump(time, row[`max${suffix}`] ?? 0)),
            });
            const title = `Worst cases${jump ? '; times lead to the timeline' : ''}`;
            this.section.append(makeFold(title, table, rows.length, true));
        }
        for (const key of Object.keys(summary).filter((name) => name.startsWith('worst_') && isTable(summary[name]))) {
            const title = `How the worst came about: ${key.slice(6).replace(/_/g, ' ')}`;
            const table = makeTable({ key, rows: summary[key], total: summary.rows_of[key], jump, caption: title });
            this.section.append(makeFold(title, table, summary.rows_of[key], false));
        }
    }
}
