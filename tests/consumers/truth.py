# SPDX-License-Identifier: GPL-2.0-or-later
"""What compare.py takes for the truth, from a run's summary: truth.py summary.json truth.json

Names must be clear without their module, and all instructions those of functions.
"""
import json
import sys

summary = json.load(open(sys.argv[1], encoding="utf-8"))
functions = [{"folded": row["function"], "callgrind": row["function"], "pprof": row["function"], "module": row["module"],
              "self": row["self"], "total": row["total"], "calls": row["calls"]} for row in summary["functions"]]
assert sum(row["self"] for row in functions) == summary["instructions"] > 0
assert len({row["pprof"] for row in functions}) == len(functions)
functions += [{"folded": row["task"], "callgrind": row["task"], "pprof": row["task"], "module": "[task]", "self": 0,
               "total": row["total"], "calls": 0} for row in summary["tasks"]
              if row["task"] not in {function["pprof"] for function in functions}]
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump({"total": summary["instructions"], "tasks": len(summary["tasks"]), "functions": functions}, file)
