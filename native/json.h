/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for what the helper prints once: strings and their names. */
#ifndef ACCESSLOG_JSON_H
#define ACCESSLOG_JSON_H

#include <stdbool.h>
#include <stdio.h>

void json_string(FILE *out, const char *text);

/* "name":"value", */
void json_member(FILE *out, const char *name, const char *value);

/* "true" or "false". */
const char *json_bool(bool value);

#endif
