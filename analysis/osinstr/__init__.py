# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what the plugins of osinstr leave in a folder.

    trace = osinstr.open("boot")             a trace; trace.events("sched_switch") is a DataFrame
    osinstr.intervals(trace)                 who ran when; osinstr.waits(trace): who waited to run
    osinstr.summary("boot")                  the report, as a dict
    osinstr.histograms("boot")               latencies of irq-latency, as a DataFrame
    osinstr.heatmap("boot")                  which function was hot when, as arrays
    osinstr.profile("boot")                  the call tree of hotpath
    osinstr.blocks("boot")                   blocks of hotpath mode=blocks, as a DataFrame

What cannot be read is a TraceError with one line of text.
"""
from .errors import TraceError
from .pprof import Profile, profile
from .runs import Heatmap, blocks, heatmap, histograms, summary
from .sched import intervals, waits
from .schema import EventType, Field, Task
from .trace import Health, Trace, open

__all__ = ["EventType", "Field", "Health", "Heatmap", "Profile", "Task", "Trace", "TraceError", "blocks",
           "heatmap", "histograms", "intervals", "open", "profile", "summary", "waits"]
