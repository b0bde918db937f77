// SPDX-License-Identifier: GPL-2.0-or-later
// Slices of time as columns of numbers: a lane per CPU and kind as they come, a row per task made of them.
// Times count from the timeline's base.
const STATES = [[0x100, 'was preempted'], [0x200, ''], [0x20, 'ended (zombie)'], [0x10, 'ended (dead)'],
    [1, 'slept'], [2, 'slept, uninterruptible'], [4, 'was stopped'], [8, 'was traced'], [0x40, 'was parked'],
    [0x80, 'slept, idle']];

function stateText(state) {
    const known = STATES.find(([bit]) => state & bit);
    return state === 0 ? 'stayed runnable' : known ? known[1] : '';
}

class Lane {
    constructor({ cpu, kind, depth, n, blob }) {
        Object.assign(this, { cpu, kind, depth, n });
        this.start = new Float64Array(n);
        this.end = new Float64Array(n);
        this.busy = new Float64Array(n + 1); // until this slice
        this.what = new Uint32Array(n); // 0: several, joined
        this.more = new Uint32Array(n);
        this.extra = new Float64Array(n);
        const numbers = new Numbers(blob);
        for (let i = 0, at = 0; i < n; i++) {
            this.start[i] = at += numbers.next();
            this.end[i] = at += numbers.next();
            this.what[i] = numbers.next();
            this.more[i] = numbers.next();
            this.extra[i] = numbers.next();
            this.busy[i + 1] = this.busy[i] + (this.what[i] ? this.end[i] - this.start[i] : this.extra[i]);
        }
    }
    // The first slice that ends after a time.
    at(time, from = 0) {
        return firstIndex(from, this.n, (i) => this.end[i] > time);
    }
    // The first that begins at a time or later; near `from` as a rule.
    from(time, from) {
        let step = 1, high = from;
        while (high < this.n && this.start[high] < time) {
            from = high + 1;
            high += step;
            step *= 2;
        }
        return firstIndex(from, Math.min(high, this.n), (i) => this.start[i] >= time);
    }
    lane() {
        return this;
    }
    index(i) {
        return i;
    }
}

// The slices of one task on all CPUs, which refer to those of the lanes.
class TaskRow {
    constructor(key, n) {
        this.key = key;
        this.n = n;
        this.start = new Float64Array(n);
        this.end = new Float64Array(n);
        this.busy = new Float64Array(n + 1);
        this.lanes = new Array(n);
        this.at_ = new Uint32Array(n);
        this.filled = 0;
    }
    add(lane, i) {
        const at = this.filled++;
        this.start[at] = lane.start[i];
        this.end[at] = lane.end[i];
        this.busy[at + 1] = this.busy[at] + lane.end[i] - lane.start[i];
        this.lanes[at] = lane;
        this.at_[at] = i;
    }
    lane(i) {
        return this.lanes[i];
    }
    index(i) {
        return this.at_[i];
    }
}
TaskRow.prototype.at = Lane.prototype.at;
TaskRow.prototype.from = Lane.prototype.from;

class Slices {
    constructor(timeline) {
        this.base = BigInt(timeline.base);
        this.span = Math.max(Number(BigInt(timeline.end) - this.base), 1);
        this.unit = timeline.unit;
        this.tasks = timeline.tasks.map(([name, pid, tgid, key]) => ({ name, pid, tgid, key }));
        this.texts = timeline.texts;
        this.lanes = timeline.lanes.map((lane) => new Lane(lane));
        this.count = this.lanes.reduce((sum, lane) => sum + lane.n, 0);
        this.joined = this.lanes.reduce((sum, lane) => {
            for (let i = 0; i < lane.n; i++)
                sum += lane.what[i] ? 0 : lane.more[i];
            return sum;
        }, 0);
        this.rows = this.taskRows();
    }
    // Those that ran longest first. Slices of all CPUs are merged by time.
    taskRows() {
        const lanes = this.lanes.filter((lane) => lane.kind === 'tasks'), counts = new Map();
        const keyOf = this.tasks.map((task) => task.key), next = lanes.map(() => 0);
        for (const lane of lanes)
            for (let i = 0; i < lane.n; i++)
                if (lane.what[i]) {
                    const key = keyOf[lane.what[i] - 1];
                    counts.set(key, (counts.get(key) ?? 0) + 1);
                }
        const rows = new Map([...counts].map(([key, n]) => [key, new TaskRow(key, n)]));
        for (;;) {
            let first = -1;
            for (let k = 0; k < lanes.length; k++)
                if (next[k] < lanes[k].n &&
                    (first < 0 || lanes[k].start[next[k]] < lanes[first].start[next[first]]))
                    first = k;
            if (first < 0)
                break;
            const lane = lanes[first], i = next[first]++;
            if (lane.what[i])
                rows.get(keyOf[lane.what[i] - 1]).add(lane, i);
        }
        for (const task of this.tasks)
            if (rows.has(task.key))
                rows.get(task.key).task = task; // the last stage has the name that it ended with
        return [...rows.values()].sort((a, b) => b.busy[b.n] - a.busy[a.n] || a.key - b.key);
    }
    time(offset) {
        return formatStamp(this.base + BigInt(Math.round(offset)), this.unit);
    }
    nameOf(lane, i) {
        const what = lane.what[i];
        if (!what)
            return `${formatCount(lane.more[i])} short ones, joined`;
        if (lane.kind === 'tasks') {
            const task = this.tasks[what - 1];
            return `${visible(task.name)} ${task.pid}`;
        }
        return lane.kind === 'masked' ? 'interrupts masked' : visible(this.texts[what - 1]);
    }
    // All that is known of a slice, a line each.
    describe(lane, i) {
        const length = lane.end[i] - lane.start[i], extra = lane.extra[i], unit = this.unit;
        const lines = [this.nameOf(lane, i), `CPU ${lane.cpu}, ${lane.kind}`,
            `${this.time(lane.start[i])} to ${this.time(lane.end[i])}`,
            `${formatTime(length, unit)} (${formatExact(length, unit)})`];
        if (!lane.what[i]) {
            lines.push(`busy ${formatTime(extra, unit)} of it`);
        } else if (lane.kind === 'tasks') {
            if (extra)
                lines.push(`waited ${formatTime(extra, unit)} (${formatExact(extra, unit)}) since it was woken`);
            if (stateText(lane.more[i]))
                lines.push(`then it ${stateText(lane.more[i])}`);
        } else if (lane.kind === 'irqs' && extra) {
            lines.push(`entered ${formatTime(extra - 1, unit)} (${formatExact(extra - 1, unit)}) after it was asserted`);
        } else if (lane.kind === 'masked') {
            lines.push(`from ${visible(this.texts[lane.what[i] - 1])}`, `to ${visible(this.texts[lane.more[i] - 1])}`);
            if (extra)
                lines.push('began with waking from idle');
        }
        return lines;
    }
}
