// SPDX-License-Identifier: GPL-2.0-or-later
// What pointers, wheels and keys do to a timeline.
keyHelp.push(['Timeline', [
    ['← →', 'earlier, later'],
    ['+ -', 'nearer, farther (also the wheel once the graph has the focus, and two fingers)'],
    ['0', 'the whole run'],
    ['Backspace', 'back to the stretch before'],
    ['↑ ↓', 'choose a row'],
    [', .', 'the slice before, the next one in this row; its times are below the graph'],
    ['Enter', 'as near as the chosen slice fills half of the width'],
    ['n N', 'next, previous of what is looked for'],
    ['Esc', 'nothing is chosen or looked for any more'],
    ['drag', 'a stretch to see; with Shift, or on the axis, it moves the timeline'],
]]);

class TimelineInput {
    constructor(timeline, graph) {
        this.timeline = timeline;
        this.graph = graph;
        this.pointers = new Map();
        this.drag = null;
        const box = graph.box;
        box.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
        box.addEventListener('pointerdown', (event) => this.down(event));
        box.addEventListener('pointermove', (event) => this.move(event));
        box.addEventListener('pointerup', (event) => this.up(event));
        box.addEventListener('pointercancel', (event) => this.up(event, true));
        box.addEventListener('keydown', (event) => this.key(event));
        box.addEventListener('dblclick', () => timeline.zoomToSlice());
    }
    inPlot({ x }) {
        return x >= this.timeline.left;
    }
    // The page scrolls on over a graph that nobody has pressed yet.
    wheel(event) {
        const place = this.graph.place(event), timeline = this.timeline;
        if (!this.inPlot(place) || (document.activeElement !== this.graph.box && !event.ctrlKey))
            return;
        event.preventDefault();
        const lines = event.deltaMode === 1 ? 16 : 1;
        if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
            const by = (event.deltaX || event.deltaY) * lines;
            timeline.show(timeline.view.from + by * timeline.perPixel, timeline.view.to + by * timeline.perPixel);
        } else {
            timeline.zoom(Math.exp(Math.max(-0.7, Math.min(0.7, event.deltaY * lines * 0.0025))), timeline.timeAt(place.x));
        }
    }
    down(event) {
        const place = this.graph.place(event);
        if (event.button || !this.inPlot(place))
            return;
        this.pointers.set(event.pointerId, place);
        this.graph.box.setPointerCapture(event.pointerId);
        const touch = event.pointerType === 'touch';
        this.drag = this.pointers.size > 1 ? null : {
            from: place, moved: false, view: { ...this.timeline.view },
            pan: touch || event.shiftKey || place.y < AXIS,
        };
        tip.hide();
    }
    move(event) {
        const place = this.graph.place(event), timeline = this.timeline;
        if (this.pointers.size === 2 && this.pointers.has(event.pointerId)) {
            this.pinch(event.pointerId, place);
        } else if (this.drag) {
            const by = place.x - this.drag.from.x;
            this.drag.moved ||= Math.abs(by) > 4;
            if (!this.drag.moved)
                return;
            if (this.drag.pan) {
                const { from, to } = this.drag.view, time = by * timeline.perPixel;
                timeline.show(from - time, to - time, false);
            } else {
                timeline.select(timeline.timeAt(this.drag.from.x), timeline.timeAt(place.x));
            }
        } else if (event.pointerType !== 'touch') {
            timeline.hover(place, event);
        }
    }
    // What is below two fingers stays below them.
    pinch(id, place) {
        const timeline = this.timeline, [other] = [...this.pointers].filter(([key]) => key !== id).map(([, at]) => at);
        const before = this.pointers.get(id), was = Math.abs(before.x - other.x), is = Math.abs(place.x - other.x);
        if (was > 8 && is > 8)
            timeline.zoom(was / is, timeline.timeAt((before.x + other.x) / 2));
        this.pointers.set(id, place);
    }
    up(event, cancelled) {
        const drag = this.drag, timeline = this.timeline, place = this.graph.place(event);
        this.pointers.delete(event.pointerId);
        this.drag = null;
        if (!drag || cancelled) {
            timeline.select(null);
        } else if (!drag.moved) {
            timeline.choose(place);
        } else if (drag.pan) {
            timeline.remember(drag.view);
        } else {
            timeline.zoomToSelection();
        }
    }
    key(event) {
        const timeline = this.timeline, { from, to } = timeline.view, quarter = (to - from) / 4;
        const keys = {
            ArrowLeft: () => timeline.show(from - quarter, to - quarter),
            ArrowRight: () => timeline.show(from + quarter, to + quarter),
            ArrowUp: () => timeline.chooseRow(-1),
            ArrowDown: () => timeline.chooseRow(1),
            '+': () => timeline.zoom(0.5),
            '=': () => timeline.zoom(0.5),
            '-': () => timeline.zoom(2),
            0: () => timeline.show(0, timeline.slices.span),
            Home: () => timeline.show(0, to - from),
            End: () => timeline.show(timeline.slices.span - (to - from), timeline.slices.span),
            Backspace: () => timeline.back(),
            ',': () => timeline.chooseSlice(-1),
            '.': () => timeline.chooseSlice(1),
            Enter: () => timeline.zoomToSlice(),
            n: () => timeline.search.go(1),
            N: () => timeline.search.go(-1),
            Escape: () => timeline.clear(),
        };
        if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key))
            return;
        event.preventDefault();
        keys[event.key]();
    }
}
