/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol buffers: what is not needed for each field. */
#include "proto.h"

void proto_grow(struct proto *proto, size_t n)
{
    proto->size = MAX(proto->size * 2, proto->used + n + 256);
    proto->bytes = g_realloc(proto->bytes, proto->size);
}

void proto_end_long(struct proto *proto, size_t begin)
{
    size_t n = proto->used - begin, more = 0;

    for (size_t rest = n >> 7; rest; rest >>= 7) {
        more++;
    }
    proto_room(proto, more);
    memmove(proto->bytes + begin + more, proto->bytes + begin, n);
    proto->used = begin - 1;
    proto_varint(proto, n);
    proto->used += n;
}
