// SPDX-License-Identifier: GPL-2.0-or-later
// What the page has: one object, and blobs of numbers of variable length.
const page = JSON.parse(document.getElementById('page').textContent);

// Numbers of seven bits a byte, the lowest first; a set top bit says that more follow. They are exact up to 2^53.
class Numbers {
    constructor(blob) {
        const text = atob(JSON.parse(document.getElementById(`blob${blob}`).textContent));
        const bytes = new Uint8Array(text.length);
        for (let i = 0; i < text.length; i++)
            bytes[i] = text.charCodeAt(i);
        this.bytes = bytes;
        this.at = 0;
    }
    get more() {
        return this.at < this.bytes.length;
    }
    next() {
        const bytes = this.bytes;
        let byte = bytes[this.at++], value = byte & 127, scale = 128;
        while (byte > 127) {
            byte = bytes[this.at++];
            value += (byte & 127) * scale;
            scale *= 128;
        }
        return value;
    }
}

// The first index in [low, high) for which is(index) holds; it holds for all behind it.
function firstIndex(low, high, is) {
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (is(middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
