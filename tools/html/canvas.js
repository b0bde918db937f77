// SPDX-License-Identifier: GPL-2.0-or-later
// A graph: a box that scrolls, takes the focus and keys, and has a canvas as large as what is seen of it.
const styleCache = new Map();
function color(name) {
    if (!styleCache.has(name))
        styleCache.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
    return styleCache.get(name);
}
theme.listeners.push(() => styleCache.clear());

const graphs = [];
theme.listeners.push(() => graphs.forEach((graph) => graph.redraw()));

// Black or white, whichever is read more easily on a colour.
function inkOn(rgb) {
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(rgb.slice(at, at + 2), 16));
    return r * 0.299 + g * 0.587 + b * 0.114 > 140 ? '#101418' : '#ffffff';
}

// Part of the way from one #rrggbb to another.
function mix(from, to, part) {
    const at = (text, i) => parseInt(text.slice(1 + 2 * i, 3 + 2 * i), 16);
    return `#${[0, 1, 2].map((i) => Math.round(at(from, i) * (1 - part) + at(to, i) * part)
        .toString(16).padStart(2, '0')).join('')}`;
}

class Graph {
    // draw(context, width, height, scrolled); height(width): of the box; total(): of what is in it
    constructor({ label, draw, height, total, kind }) {
        this.drawing = draw;
        this.heightOf = height;
        this.totalOf = total ?? (() => 0);
        this.canvas = element('canvas', { 'aria-hidden': 'true' });
        this.spacer = element('div', {});
        this.box = element('div', { class: `graph ${kind ?? ''}`, tabindex: 0, role: 'application', 'aria-label': label },
            this.canvas, this.spacer);
        this.context = this.canvas.getContext('2d');
        this.box.addEventListener('scroll', () => this.redraw());
        this.box.addEventListener('pointerleave', () => tip.hide());
        this.box.addEventListener('blur', () => tip.hide());
        new ResizeObserver(() => this.layout()).observe(this.box);
        graphs.push(this);
    }
    get width() {
        return this.box.clientWidth;
    }
    get scrolled() {
        return this.box.scrollTop;
    }
    layout() {
        const width = this.width, dots = Math.max(devicePixelRatio || 1, 1);
        if (!width)
            return;
        const height = Math.round(Math.min(this.heightOf(width), Math.max(this.totalOf(), 1) || Infinity));
        this.height = height;
        this.box.style.height = `${height + 2}px`;
        this.spacer.style.height = `${Math.max(0, this.totalOf() - height)}px`;
        this.canvas.style.height = `${height}px`;
        this.canvas.width = Math.round(width * dots);
        this.canvas.height = Math.round(height * dots);
        this.context.setTransform(dots, 0, 0, dots, 0, 0);
        this.paint();
    }
    redraw() {
        if (this.waiting)
            return;
        this.waiting = true;
        requestAnimationFrame(() => this.paint());
    }
    paint() {
        const context = this.context;
        this.waiting = false;
        if (!this.height)
            return;
        context.fillStyle = color('panel');
        context.fillRect(0, 0, this.width, this.height);
        context.font = `12px ${color('sans')}`;
        context.textBaseline = 'middle';
        this.drawing(context, this.width, this.height, this.scrolled);
    }
    // Where on the canvas an event of a pointer is.
    place(event) {
        const box = this.canvas.getBoundingClientRect();
        return { x: event.clientX - box.left, y: event.clientY - box.top };
    }
    // Scrolls so that [top, top + height) is seen, below `above` pixels that stay.
    reveal(top, height, above = 0) {
        if (top - above < this.scrolled)
            this.box.scrollTop = top - above;
        else if (top + height > this.scrolled + this.height)
            this.box.scrollTop = top + height - this.height;
    }
}

// Text that ends with … where it must; widths of a font's letters are nearly the same.
function fitText(context, text, width) {
    if (width < 12)
        return '';
    if (context.measureText(text).width <= width)
        return text;
    let n = Math.floor(text.length * width / context.measureText(text).width);
    while (n > 1 && context.measureText(`${text.slice(0, n)}…`).width > width)
        n--;
    return n > 0 ? `${text.slice(0, n)}…` : '';
}

// Marks of a time axis between two offsets from `base`: calls put(offset, text).
function timeMarks(base, from, to, n, unit, put) {
    const step = niceStep(to - from, n), whole = BigInt(Math.round(step));
    let mark = ((base + BigInt(Math.floor(from))) / whole) * whole;
    for (let i = 0; i < 100; i++, mark += whole) {
        const offset = Number(mark - base);
        if (offset > to)
            break;
        if (offset >= from)
            put(offset, formatMark(mark, step, unit));
    }
}
