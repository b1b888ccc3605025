/* SPDX-License-Identifier: GPL-2.0-only
 * bulkheadd: the service guest's agent of the Bulkhead hypervisor. Options, signals, start and end. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/bulkheadd/agent.h"
#include "tools/bulkheadd/clock.h"

#define EXIT_USAGE 2
#define KEEP_DEFAULT 1000
#define INTERVAL_DEFAULT 15

static const char help[] =
    "usage: bulkheadd [OPTION]...\n\n"
    "Reads the Bulkhead hypervisor's events in its service guest, applies rules to them, serves bulkhead-ctl.\n\n"
    "  --policy FILE        rules: what to do about which event\n"
    "  --check-policy FILE  say what is wrong with such a file, and end\n"
    "  --stdout             print each event, one line of JSON\n"
    "  --journal            send events to systemd's journal\n"
    "  --syslog             send events to syslog\n"
    "  --metrics FILE       write metrics for Prometheus there (node_exporter's textfile collector)\n"
    "  --interval SECONDS   between two writings of metrics (15)\n"
    "  --keep N             events kept for bulkhead-ctl events (1000)\n"
    "  --socket PATH        where bulkhead-ctl finds the agent (" AGENT_SOCKET ")\n"
    "  --socket-group NAME  a group whose members may use bulkhead-ctl (root alone may)\n"
    "  --ports DIR          folder of the ports (" PORT_FOLDER ")\n"
    "  --events NAME        port of the events (" AGENT_PORT_EVENTS ")\n"
    "  --control NAME       port of the commands (" AGENT_PORT_CONTROL ")\n"
    "  --journal-socket PATH, --syslog-socket PATH\n"
    "                       in place of " FORWARD_JOURNAL " and " FORWARD_SYSLOG "\n"
    "  --help, --version\n\n"
    "SIGHUP reads the rules anew. Exit status: 0 ended by a signal, 1 cannot start, 2 wrong usage.";

enum option_id {
    OPTION_POLICY = 1,
    OPTION_CHECK,
    OPTION_STDOUT,
    OPTION_JOURNAL,
    OPTION_SYSLOG,
    OPTION_METRICS,
    OPTION_INTERVAL,
    OPTION_KEEP,
    OPTION_SOCKET,
    OPTION_GROUP,
    OPTION_PORTS,
    OPTION_EVENTS,
    OPTION_CONTROL,
    OPTION_JOURNAL_SOCKET,
    OPTION_SYSLOG_SOCKET,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option long_options[] = {
    {"policy", required_argument, NULL, OPTION_POLICY},
    {"check-policy", required_argument, NULL, OPTION_CHECK},
    {"stdout", no_argument, NULL, OPTION_STDOUT},
    {"journal", no_argument, NULL, OPTION_JOURNAL},
    {"syslog", no_argument, NULL, OPTION_SYSLOG},
    {"metrics", required_argument, NULL, OPTION_METRICS},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"keep", required_argument, NULL, OPTION_KEEP},
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"socket-group", required_argument, NULL, OPTION_GROUP},
    {"ports", required_argument, NULL, OPTION_PORTS},
    {"events", required_argument, NULL, OPTION_EVENTS},
    {"control", required_argument, NULL, OPTION_CONTROL},
    {"journal-socket", required_argument, NULL, OPTION_JOURNAL_SOCKET},
    {"syslog-socket", required_argument, NULL, OPTION_SYSLOG_SOCKET},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static bool take_count(const char *name, const char *text, unsigned least, unsigned most, unsigned *out)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != 0 || value < least || value > most) {
        fprintf(stderr, "bulkheadd: --%s takes a number from %u to %u, not \"%s\"\n", name, least, most, text);
        return false;
    }
    *out = (unsigned)value;
    return true;
}

/* The place of an option's text; NULL: it is none that takes one as it is. */
static const char **text_option(struct agent *a, int id)
{
    switch (id) {
    case OPTION_POLICY:
        return &a->options.policy;
    case OPTION_METRICS:
        return &a->options.metrics;
    case OPTION_SOCKET:
        return &a->options.socket;
    case OPTION_GROUP:
        return &a->options.socket_group;
    case OPTION_PORTS:
        return &a->options.ports;
    case OPTION_EVENTS:
        return &a->options.events;
    case OPTION_CONTROL:
        return &a->options.control;
    case OPTION_JOURNAL_SOCKET:
        return &a->forward.journal;
    case OPTION_SYSLOG_SOCKET:
        return &a->forward.syslog;
    default:
        return NULL;
    }
}

static int check_policy(const char *path)
{
    struct policy *policy = calloc(1, sizeof(*policy));
    if (policy == NULL) {
        return 1;
    }
    bool good = agent_policy_load(policy, path);
    printf("%s: %s, rules=%zu\n", path, good ? "accepted" : "refused", policy->count);
    policy_free(policy);
    free(policy);
    return good ? 0 : 1;
}

/* True: go on; false: end with *result. */
static bool take_option(struct agent *a, int id, int *result)
{
    const char **text = text_option(a, id);
    *result = EXIT_USAGE;
    if (text != NULL) {
        *text = optarg;
        return true;
    }
    switch (id) {
    case OPTION_STDOUT:
        a->forward.to_stdout = true;
        return true;
    case OPTION_JOURNAL:
        a->forward.journal = a->forward.journal != NULL ? a->forward.journal : FORWARD_JOURNAL;
        return true;
    case OPTION_SYSLOG:
        a->forward.syslog = a->forward.syslog != NULL ? a->forward.syslog : FORWARD_SYSLOG;
        return true;
    case OPTION_INTERVAL:
        return take_count("interval", optarg, 1, 86400, &a->options.interval);
    case OPTION_KEEP:
        return take_count("keep", optarg, 0, STATE_EVENTS_MOST, &a->options.keep);
    case OPTION_CHECK:
        *result = check_policy(optarg);
        return false;
    case OPTION_HELP:
        puts(help);
        *result = 0;
        return false;
    case OPTION_VERSION:
        puts("bulkheadd " AGENT_VERSION);
        *result = 0;
        return false;
    default: /* getopt said what is wrong */
        return false;
    }
}

static bool take_options(struct agent *a, int argc, char **argv, int *result)
{
    a->options = (struct agent_options){
        .ports = PORT_FOLDER,
        .events = AGENT_PORT_EVENTS,
        .control = AGENT_PORT_CONTROL,
        .socket = AGENT_SOCKET,
        .interval = INTERVAL_DEFAULT,
        .keep = KEEP_DEFAULT,
    };
    a->forward = forward_make();
    for (int id = getopt_long(argc, argv, "", long_options, NULL); id != -1;
         id = getopt_long(argc, argv, "", long_options, NULL)) {
        if (!take_option(a, id, result)) {
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "bulkheadd: one argument too many, \"%s\"; see bulkheadd --help\n", argv[optind]);
        *result = EXIT_USAGE;
    }
    return optind == argc;
}

/* Tell systemd (sd_notify(3)), where it asked for that. */
static void notify_systemd(const char *message)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(to.sun_path)) {
        return;
    }
    text_fit(to.sun_path, sizeof(to.sun_path), path);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (path[0] == '@') {
        to.sun_path[0] = 0; /* an abstract name */
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&to, length);
    close(fd);
}

/* Signals as a descriptor: SIGHUP reads the rules anew, the others end the program. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reload(struct agent *a)
{
    notify_systemd("RELOADING=1");
    bool good = agent_reload(a);
    agent_say(a, good ? SEVERITY_INFO : SEVERITY_ERROR, "policy-read",
              good ? ",\"result\":\"done\""
                   : ",\"result\":\"failed\",\"why\":\"the old rules stay; see standard error\"");
    notify_systemd("READY=1");
}

/* False: time to end. */
static bool take_signals(struct agent *a, int signals)
{
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGHUP) {
            return false;
        }
        reload(a);
    }
    return true;
}

static int run(struct agent *a)
{
    int signals = open_signals();
    if (signals < 0 || !agent_start(a)) {
        agent_end(a);
        return 1;
    }
    notify_systemd("READY=1");
    do {
        agent_step(a, signals, CLOCK_NEVER);
    } while (take_signals(a, signals));
    notify_systemd("STOPPING=1");
    if (a->options.metrics != NULL) {
        agent_metrics_write(a);
    }
    agent_end(a);
    close(signals);
    return 0;
}

int main(int argc, char **argv)
{
    int result = EXIT_USAGE;
    struct agent *a = calloc(1, sizeof(*a));
    if (a != NULL && take_options(a, argc, argv, &result)) {
        result = run(a);
    }
    free(a);
    return result;
}
