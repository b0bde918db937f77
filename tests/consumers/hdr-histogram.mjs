// SPDX-License-Identifier: GPL-2.0-or-later
// hdr-histogram.mjs READER LOG: a line "TAG COUNT P50 P90 P99 P99.9 MAX" for each histogram of a log, as
// hdr-histogram-js reads it. What that library takes from others, base64 and zlib, is Node's here.
import fs from "node:fs";
import vm from "node:vm";
import zlib from "node:zlib";

const [reader, log] = process.argv.slice(2);
const others = {
  zlib,
  "base64-js": { toByteArray: (text) => new Uint8Array(Buffer.from(text, "base64")) },
};
const module = { exports: {} };
const load = (name) => others[name] ?? {};
vm.runInThisContext(`(function (module, exports, require) {${fs.readFileSync(reader, "utf8")}\n})`)(
  module, module.exports, load);

const { HistogramLogReader } = module.exports;
const lines = new HistogramLogReader(fs.readFileSync(log, "utf8"));
for (let next; (next = lines.nextIntervalHistogram()) !== null;) {
  const at = (percentile) => next.getValueAtPercentile(percentile);
  console.log(next.tag, next.totalCount, at(50), at(90), at(99), at(99.9), next.maxValue);
}
