// SPDX-License-Identifier: GPL-2.0-or-later
// The panel of a flame graph: where it is zoomed to, what is chosen, what is looked for.
keyHelp.push(['Flame graph', [
    ['↑ ↓', 'the caller, what was called most'],
    ['← →', 'what else was called, more and less'],
    ['Enter', 'as wide as the graph (also a press on a frame)'],
    ['Backspace', 'back'],
    ['0', 'the whole'],
    ['n N', 'next, previous of what is looked for'],
    ['Esc', 'nothing is looked for any more'],
]]);

const FLAME_HINT = 'Press a frame to make it as wide as the graph; arrows choose frames. ? lists all keys.';

class Flame {
    constructor(data, number) {
        this.data = data;
        this.tree = new FlameTree(data);
        this.drawing = new FlameDrawing(this.tree);
        this.root = 0;
        this.chosen = null;
        this.found = null;
        this.past = [];
        this.build(number ? `flame${number + 1}` : 'flame');
        this.said();
    }
    build(id) {
        const { data, tree } = this, share = data.left_out_total / Math.max(tree.total[0], 1);
        const left = data.left_out ? ` ${formatCount(data.left_out)} frames of less than ${formatCount(data.least)} ` +
            `instructions were left out to keep the page small; they have ${formatShare(share)} of all.` : '';
        this.section = addSection(id, 'Flame graph',
            `${formatCount(tree.total[0])} instructions in ${formatCount(tree.n)} frames: callers above, width is what ` +
            `a function and all below it executed.${left}`, data.dir);
        this.section.dataset.nodes = tree.n;
        this.section.dataset.total = tree.total[0];
        this.input = element('input', {
            type: 'search', placeholder: 'function or task', 'aria-label': 'Search by name',
            oninput: () => this.search(),
            onkeydown: (event) => {
                if (event.key === 'Enter')
                    this.go(event.shiftKey ? -1 : 1);
            },
        });
        this.state = element('span', { class: 'state', role: 'status' });
        this.where = element('span', { class: 'state' });
        this.details = element('p', { class: 'details', 'aria-live': 'polite' });
        this.graph = new Graph({
            label: 'Flame graph; arrows choose a frame, Enter makes it as wide as the graph',
            height: () => Math.max(280, innerHeight * 0.66),
            // as high as the whole, so that nothing moves when one zooms
            total: () => Math.max(this.heightOf(this.root), Math.min(this.heightOf(0), this.graph.heightOf())),
            draw: (...area) => this.drawing.draw(...area, this),
        });
        this.graph.box.addEventListener('click', (event) => this.click(event));
        this.graph.box.addEventListener('pointermove', (event) => this.hover(event));
        this.graph.box.addEventListener('keydown', (event) => this.key(event));
        const button = (text, label, act) => element('button', { type: 'button', 'aria-label': label, onclick: act }, text);
        this.section.append(element('div', { class: 'bar' }, this.input,
            button('▲', 'Previous match', () => this.go(-1)), button('▼', 'Next match', () => this.go(1)), this.state,
            element('span', { class: 'space' }), this.where,
            button('All', 'The whole graph', () => this.zoom(0)), button('Back', 'Back', () => this.back())),
        this.graph.box, this.details,
        element('ul', { class: 'legend' }, ...FLAME_KINDS.map((kind, i) => {
            const mark = element('i', {});
            mark.style.setProperty('--c', FLAME_COLORS[i]);
            return element('li', {}, mark, kind);
        })));
    }
    heightOf(root) {
        return this.drawing.depthsBelow(root, this.graph.width) * FRAME + 4;
    }
    describe(i) {
        const { tree } = this, of = (count, whole) => `${formatCount(count)} (${formatShare(count / Math.max(whole, 1))})`;
        const lines = [tree.name(i) + (tree.module(i) ? ` ${tree.module(i)}` : ''),
            `total ${of(tree.total[i], tree.total[0])} instructions`, `self ${of(tree.self[i], tree.total[0])}`];
        if (i)
            lines.push(`${this.share(tree.total[i], tree.parent[i])} of ${tree.name(tree.parent[i])}`);
        return lines;
    }
    said() {
        const { tree } = this;
        this.section.dataset.root = this.root;
        this.section.dataset.chosen = this.chosen ?? '';
        this.where.textContent = this.root ? `${tree.name(this.root)}: ${this.share(tree.total[this.root], 0)} of all` : '';
        this.details.textContent = this.chosen === null ? FLAME_HINT : this.describe(this.chosen).join(' · ');
        this.graph.layout();
        this.graph.redraw();
    }
    // What part of a frame's total that is.
    share(count, i) {
        return formatShare(count / Math.max(this.tree.total[i], 1));
    }
    at(event) {
        const { x, y } = this.graph.place(event);
        return this.drawing.at(x, y + this.graph.scrolled, this.graph.width, this.root);
    }
    hover(event) {
        const i = this.at(event);
        if (i === null)
            tip.hide();
        else
            tip.show(this.describe(i).join('\n'), event.clientX, event.clientY);
    }
    click(event) {
        const i = this.at(event);
        if (i !== null) {
            this.chosen = i;
            this.zoom(i);
        }
    }
    zoom(root) {
        if (root !== this.root)
            this.past = [...this.past.slice(-49), this.root];
        this.root = root;
        this.said();
        this.show(root);
    }
    back() {
        const root = this.past.pop();
        if (root !== undefined) {
            this.root = root;
            this.said();
        }
    }
    show(i) {
        this.graph.reveal(this.tree.depth[i] * FRAME, FRAME, FRAME);
    }
    choose(i) {
        if (i < 0)
            return;
        this.chosen = i;
        if (i < this.root || i >= this.tree.end[this.root])
            this.root = Math.min(this.root, i) === i && this.tree.end[i] > this.root ? this.root : this.tree.parent[i];
        this.said();
        this.show(i);
    }
    search() {
        const text = this.input.value.trim().toLowerCase();
        this.found = text ? this.tree.search(text) : null;
        this.state.textContent = !this.found ? '' : this.found.nodes.length
            ? `${formatCount(this.found.nodes.length)} frames, ${this.share(this.found.total, 0)} of all` : 'nothing';
        this.section.dataset.matches = this.found ? this.found.nodes.length : 0;
        this.graph.redraw();
    }
    // The next match that is wide enough to be seen is what one looks for: in order of the tree.
    go(by) {
        const nodes = this.found?.nodes ?? [], here = this.chosen ?? (by > 0 ? -1 : Infinity);
        if (!nodes.length)
            return;
        const at = by > 0 ? firstIndex(0, nodes.length, (i) => nodes[i] > here)
            : firstIndex(0, nodes.length, (i) => nodes[i] >= here) - 1;
        const node = nodes[(at + nodes.length) % nodes.length];
        this.chosen = node;
        if (node < this.root || node >= this.tree.end[this.root] || this.narrow(node))
            this.zoom(this.around(node));
        this.said();
        this.show(node);
    }
    narrow(node) {
        return this.tree.total[node] / Math.max(this.tree.total[this.root], 1) * this.graph.width < 20;
    }
    // An ancestor in which the node has a tenth of the width at least.
    around(node) {
        let at = node;
        while (at && this.tree.total[this.tree.parent[at]] < 10 * this.tree.total[node])
            at = this.tree.parent[at];
        return at;
    }
    key(event) {
        const { tree } = this, at = this.chosen ?? this.root;
        const keys = {
            ArrowUp: () => this.choose(tree.parent[at]),
            ArrowDown: () => this.choose(this.chosen === null ? this.root : tree.child(at)),
            ArrowLeft: () => this.choose(tree.sibling(at, -1)),
            ArrowRight: () => this.choose(tree.sibling(at, 1)),
            Enter: () => this.zoom(at),
            Backspace: () => this.back(),
            0: () => this.zoom(0),
            n: () => this.go(1),
            N: () => this.go(-1),
            Escape: () => {
                this.input.value = '';
                this.search();
            },
        };
        if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key))
            return;
        event.preventDefault();
        keys[event.key]();
    }
}
