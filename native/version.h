/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ACCESSLOG_VERSION_H
#define ACCESSLOG_VERSION_H

/* Equal to "version" in package.json; HELLO and --version show it. */
#define HELPER_VERSION "0.1.0"

#endif
