// SPDX-License-Identifier: Apache-2.0
/* accesslog-helper: runs the BPF programs for accesslog-agent, whose child it is. */
#include "check.h"
#include "diagnosis.h"
#include "inspect.h"
#include "library.h"
#include "log.h"
#include "session.h"
#include "version.h"

#include <sys/resource.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define EXIT_USAGE 2

static const char help[] =
    "accesslog-helper runs the BPF programs for accesslog-agent and speaks length-prefixed CBOR\n"
    "(native/wire.def) on stdin and stdout. It ends when stdin does; nothing stays attached.\n"
    "\n"
    "  accesslog-helper [--verbose] [--tls LIST]\n"
    "                                 hold a session; stdin and stdout are pipes or sockets. LIST is of TLS\n"
    "                                 libraries that are looked into: OpenSSL,BoringSSL,GoTLS,NodeTLS (the "
    "default)\n"
    "  accesslog-helper --check       load and attach each program once, print what works as JSON;\n"
    "                                 exit code 0 when everything essential does, else 1\n"
    "  accesslog-helper --inspect PID print the TLS libraries of a process, and whether they can be looked\n"
    "                                 into, as JSON; of all processes that have some: --inspect all\n"
    "  accesslog-helper --version     print the version\n"
    "  accesslog-helper --help        print this\n";

enum mode {
	MODE_SESSION,
	MODE_CHECK,
	MODE_INSPECT,
	MODE_VERSION,
	MODE_HELP,
	MODE_USAGE,
};

static uint32_t inspected; /* a process, 0: all */

/* "all" or a process id. */
static enum mode parse_inspected(const char *argument)
{
	char *end;

	if (!strcmp(argument, "all"))
		return MODE_INSPECT;
	inspected = strtoul(argument, &end, 10);
	return *end || !inspected ? MODE_USAGE : MODE_INSPECT;
}

static enum mode parse(int argc, char **argv)
{
	static const struct option options[] = {
	    {"check", no_argument, NULL, 'c'},
	    {"inspect", required_argument, NULL, 'i'},
	    {"tls", required_argument, NULL, 't'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {"verbose", no_argument, NULL, 'v'},
	    {NULL, 0, NULL, 0},
	};
	enum mode mode = MODE_SESSION;
	int option;

	while ((option = getopt_long(argc, argv, "hVv", options, NULL)) != -1) {
		if (option == 'c')
			mode = MODE_CHECK;
		else if (option == 'i')
			mode = parse_inspected(optarg);
		else if (option == 't' && library_want(optarg))
			return MODE_USAGE;
		else if (option == 't')
			continue;
		else if (option == 'V')
			mode = MODE_VERSION;
		else if (option == 'h')
			mode = MODE_HELP;
		else if (option == 'v')
			log_set_level(LOG_DEBUG);
		else
			return MODE_USAGE;
	}
	return optind == argc ? mode : MODE_USAGE;
}

/* Signals are read where commands are. A vanished reader shows up as EPIPE. */
static int open_signals(void)
{
	sigset_t wanted;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run_session(void)
{
	int signals;

	if (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO)) {
		fputs("accesslog-helper is started by accesslog-agent; see --help\n", stderr);
		return EXIT_USAGE;
	}
	/* stdin ends with the agent; this covers an agent whose pipe someone else still holds. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signals = open_signals();
	return signals < 0 ? 1 : session_run(STDIN_FILENO, STDOUT_FILENO, signals);
}

int main(int argc, char **argv)
{
	enum mode mode = parse(argc, argv);

	diagnosis_listen(NULL);
	switch (mode) {
	case MODE_CHECK:
		return check_run(stdout);
	case MODE_INSPECT:
		return inspect_run(stdout, inspected);
	case MODE_VERSION:
		puts("accesslog-helper " HELPER_VERSION);
		return 0;
	case MODE_HELP:
		fputs(help, stdout);
		return 0;
	case MODE_USAGE:
		fputs(help, stderr);
		return EXIT_USAGE;
	default:
		/* Late means full rings, and the helper takes little: some 0.3 µs per record. Not permitted?
		 * Then not. */
		setpriority(PRIO_PROCESS, 0, -10);
		return run_session();
	}
}
