// SPDX-License-Identifier: GPL-2.0-or-later
// A flame graph's tree, and how it looks: what called stands above what was called, as wide as its total.
const FRAME = 19;
// Task, user, kernel, interrupt: apart in lightness as well as in hue.
const FLAME_COLORS = ['#9aa4b2', '#56b4e9', '#e69f00', '#cc5a2b'];
const FLAME_KINDS = ['tasks', 'user code', 'kernel', 'interrupts'];

class FlameTree {
    constructor({ nodes, functions, blob }) {
        this.n = nodes;
        this.functions = functions;
        for (const name of ['fn', 'kind', 'parent', 'depth', 'end'])
            this[name] = new Uint32Array(nodes); // `end`: behind the last node below
        for (const name of ['total', 'self', 'x'])
            this[name] = new Float64Array(nodes); // `x`: where it begins, in instructions
        const numbers = new Numbers(blob), open = []; // [node, children to come, where the next begins]
        this.depths = 0;
        for (let i = 0; i < nodes; i++) {
            const above = open[open.length - 1];
            this.fn[i] = numbers.next();
            this.kind[i] = numbers.next();
            this.total[i] = numbers.next();
            this.self[i] = numbers.next();
            this.depth[i] = open.length;
            this.depths = Math.max(this.depths, open.length + 1);
            if (above) {
                this.parent[i] = above[0];
                this.x[i] = above[2];
                above[1]--;
                above[2] += this.total[i];
            }
            open.push([i, numbers.next(), this.x[i]]);
            while (open.length && open[open.length - 1][1] === 0)
                this.end[open.pop()[0]] = i + 1;
        }
    }
    name(i) {
        return visible(this.functions[this.fn[i]][0]);
    }
    module(i) {
        return visible(this.functions[this.fn[i]][1]);
    }
    child(i) {
        return i + 1 < this.end[i] ? i + 1 : -1;
    }
    // The neighbour on the same caller, -1: none.
    sibling(i, by) {
        if (i === 0)
            return -1;
        const parent = this.parent[i];
        if (by > 0)
            return this.end[i] < this.end[parent] ? this.end[i] : -1;
        for (let at = parent + 1; at < i; at = this.end[at])
            if (this.end[at] === i)
                return at;
        return -1;
    }
    // How much of all is in functions whose name has the text, each instruction once.
    search(text) {
        const hits = this.functions.map(([name]) => visible(name).toLowerCase().includes(text));
        const found = { hits, nodes: [], total: 0 };
        for (let i = 0, behind = 0; i < this.n; i++) {
            if (!hits[this.fn[i]])
                continue;
            found.nodes.push(i);
            if (i >= behind) {
                found.total += this.total[i];
                behind = this.end[i];
            }
        }
        return found;
    }
}

class FlameDrawing {
    constructor(tree) {
        this.tree = tree;
    }
    // Deepest frame that can be seen below `root`.
    depthsBelow(root, width) {
        const { tree } = this, least = tree.total[root] / Math.max(width, 1) * 0.4;
        let deepest = tree.depth[root];
        for (let i = root; i < tree.end[root];) {
            if (tree.total[i] < least) {
                i = tree.end[i];
            } else {
                deepest = Math.max(deepest, tree.depth[i]);
                i++;
            }
        }
        return deepest + 1;
    }
    colorOf(i, found) {
        const { tree } = this, own = FLAME_COLORS[tree.kind[i]];
        const shade = mix(own, (tree.fn[i] * 7) % 3 ? '#ffffff' : own, ((tree.fn[i] * 13) % 5) * 0.06);
        if (!found)
            return shade;
        return found.hits[tree.fn[i]] ? '#7b3fa0' : mix(shade, color('panel'), 0.75);
    }
    drawFrame(context, i, x, to, y, found, faded) {
        const fill = this.colorOf(i, found);
        context.globalAlpha = faded ? 0.55 : 1;
        context.fillStyle = fill;
        context.fillRect(x, y, Math.max(to - x - (to - x > 3 ? 0.8 : 0), 0.6), FRAME - 1);
        context.globalAlpha = 1;
        if (to - x > 26) {
            context.fillStyle = faded ? color('text') : inkOn(fill);
            context.fillText(fitText(context, this.tree.name(i), to - x - 8), x + 4, y + FRAME / 2);
        }
    }
    draw(context, width, height, scrolled, { root, found, chosen }) {
        const { tree } = this, scale = width / Math.max(tree.total[root], 1), left = tree.x[root];
        context.font = `11.5px ${color('sans')}`;
        for (let i = root; i !== 0;) {
            i = tree.parent[i];
            this.drawFrame(context, i, 0, width, tree.depth[i] * FRAME - scrolled, found, true);
        }
        for (let i = root; i < tree.end[root];) {
            const x = (tree.x[i] - left) * scale, to = x + tree.total[i] * scale, y = tree.depth[i] * FRAME - scrolled;
            if (to - x < 0.4 || y > height) {
                i = tree.end[i];
                continue;
            }
            if (y + FRAME > 0)
                this.drawFrame(context, i, x, to, y, found, false);
            i++;
        }
        if (chosen !== null) {
            const inside = chosen >= root && chosen < tree.end[root];
            const x = inside ? (tree.x[chosen] - left) * scale : 0, to = inside ? x + tree.total[chosen] * scale : width;
            context.strokeStyle = color('text');
            context.lineWidth = 2;
            context.strokeRect(x + 1, tree.depth[chosen] * FRAME - scrolled, Math.max(to - x - 2, 1), FRAME - 1);
        }
    }
    at(x, y, width, root) {
        const { tree } = this, depth = Math.floor(y / FRAME), time = tree.x[root] + x / width * tree.total[root];
        if (depth < tree.depth[root]) {
            let above = root;
            while (above && tree.depth[above] > depth)
                above = tree.parent[above];
            return above;
        }
        for (let i = root; i < tree.end[root];) {
            if (time >= tree.x[i] + tree.total[i])
                i = tree.end[i];
            else if (time < tree.x[i])
                return null;
            else if (tree.depth[i] === depth)
                return i;
            else
                i++;
        }
        return null;
    }
}
