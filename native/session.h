/* SPDX-License-Identifier: Apache-2.0 */
/* One conversation with the agent: HELLO, CONFIGURE, READY, then records out and commands in until SHUTDOWN.
 */
#ifndef ACCESSLOG_SESSION_H
#define ACCESSLOG_SESSION_H

/* Holds the conversation on @in and @out, which it makes non-blocking; @signals is a signalfd whose signals
 * mean SHUTDOWN. Returns the exit code of the process: 0 after SHUTDOWN and when the agent went away, else 1.
 */
int session_run(int in, int out, int signals);

#endif
