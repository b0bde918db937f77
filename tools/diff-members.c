/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of a report in JSON, of which nothing is sure. */
#include <inttypes.h>
#include <string.h>

#include "diff.h"
#include "tool.h"

const char *diff_text(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);

    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

JsonArray *diff_array(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

/* A count above what JSON's readers agree on is a string. */
static uint64_t count_of(JsonNode *node)
{
    uint64_t count = OSI_NONE;

    if (!node || !JSON_NODE_HOLDS_VALUE(node)) {
        return OSI_NONE;
    }
    if (json_node_get_value_type(node) == G_TYPE_INT64 && json_node_get_int(node) >= 0) {
        return (uint64_t)json_node_get_int(node);
    }
    return json_node_get_string(node) && parse_number(json_node_get_string(node), &count) ? count
                                                                                          : OSI_NONE;
}

uint64_t diff_count(const struct diff_run *run, JsonObject *object, const char *key)
{
    char *with_unit = g_strdup_printf("%s_%s", key, run->unit);
    JsonNode *node = json_object_get_member(object, with_unit);
    uint64_t count = count_of(node ? node : json_object_get_member(object, key));

    g_free(with_unit);
    return count;
}

const char *diff_option(const struct diff_run *run, const char *name)
{
    size_t length = strlen(name);
    const char *value = NULL;

    for (char **option = run->options; *option; option++) {
        if (strncmp(*option, name, length) == 0 && (*option)[length] == '=') {
            value = *option + length + 1;
        }
    }
    return value;
}
