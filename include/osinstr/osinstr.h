/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that a plugin of your own needs. */
#ifndef OSINSTR_OSINSTR_H
#define OSINSTR_OSINSTR_H

#include <osinstr/arch.h>
#include <osinstr/block.h>
#include <osinstr/calltree.h>
#include <osinstr/code.h>
#include <osinstr/context.h>
#include <osinstr/error.h>
#include <osinstr/event.h>
#include <osinstr/flow.h>
#include <osinstr/histogram.h>
#include <osinstr/path.h>
#include <osinstr/plugin.h>
#include <osinstr/profile.h>
#include <osinstr/session.h>
#include <osinstr/table.h>
#include <osinstr/tool.h>
#include <osinstr/trace.h>
#include <osinstr/window.h>

#endif
