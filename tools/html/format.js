// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers and names as people read them; times as osinstr report prints them.
const groups = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

function formatCount(count) {
    return groups.format(count).replace(/,/g, '\u202f'); // a narrow blank
}

// Four digits and a unit.
function formatTime(time, unit) {
    if (unit !== 'ns')
        return `${formatCount(time)} insn`;
    if (time < 1000)
        return `${Math.round(time)} ns`;
    let value = time / 1000, name = 'µs';
    if (value >= 999.95 && name === 'µs') {
        value /= 1000;
        name = 'ms';
    }
    if (value >= 999.95) {
        value /= 1000;
        name = 's';
    }
    return `${value.toPrecision(Math.max(4, Math.ceil(Math.log10(value + 1))))} ${name}`;
}

function formatExact(time, unit) {
    return unit === 'ns' ? `${formatCount(time)} ns` : `${formatCount(time)} insn`;
}

// A point in time: seconds with all digits. `time` is a BigInt or a whole number.
function formatStamp(time, unit) {
    const whole = BigInt(time);
    if (unit !== 'ns')
        return formatCount(whole);
    return `${whole / 1000000000n}.${String(whole % 1000000000n).padStart(9, '0')}`;
}

function formatShare(share) {
    return `${(100 * share).toFixed(2)}%`;
}

// Five characters at most: 12.3k.
function formatShort(count) {
    for (const [size, letter] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']])
        if (count >= size)
            return `${(count / size).toPrecision(3)}${letter}`;
    return String(Math.round(count * 100) / 100);
}

// Names come from a guest: what can't be seen, or turns text around, is shown as a number.
function visible(text) {
    return String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu,
        (c) => (c === '\n' ? '\\n' : `\\u${c.codePointAt(0).toString(16).padStart(4, '0')}`));
}

// Steps of 1, 2 or 5 for about `n` marks.
function niceStep(span, n) {
    const rough = span / Math.max(n, 1), power = 10 ** Math.floor(Math.log10(rough));
    const part = rough / power;
    return Math.max(1, power * (part > 5 ? 10 : part > 2 ? 5 : part > 1 ? 2 : 1));
}

// A mark of a time axis: as many digits as the step needs.
function formatMark(time, step, unit) {
    if (unit !== 'ns')
        return formatShort(Number(time));
    const digits = Math.max(0, Math.min(9, 9 - Math.floor(Math.log10(step) + 1e-9)));
    const text = formatStamp(time, unit);
    return `${digits ? text.slice(0, text.length - 9 + digits) : text.slice(0, -10)} s`;
}

// "p99_9_ns" is the column p99.9, a time.
function columnOf(key) {
    const bare = key.replace(/_(ns|insn)$/, '');
    const isTime = bare !== key, isStamp = isTime && /(^|_)(at|first|last)$|^end$/.test(bare);
    return {
        key,
        label: bare.replace(/^p(\d+)_(\d+)$/, 'p$1.$2').replace(/_/g, ' '),
        kind: isStamp ? 'stamp' : isTime ? 'time' : /(^|_)share$/.test(key) ? 'share' : 'plain',
        unit: key.endsWith('_insn') ? 'insn' : 'ns',
    };
}

function formatCell(value, column) {
    if (value === null || value === undefined)
        return '–';
    if ((column.kind === 'stamp' || column.kind === 'time') && !/^\d+$/.test(value))
        return visible(value); // a file that someone has changed
    if (column.kind === 'stamp')
        return formatStamp(value, column.unit);
    if (column.kind === 'time')
        return formatTime(Number(value), column.unit);
    if (typeof value === 'number')
        return column.kind === 'share' ? formatShare(value) : formatCount(value);
    return visible(value);
}
