/* Load for a job server. Prints one JSON object: seconds on the wall, of the
 * server's processor time and of its own. See benchmarks/README.md. */
#include "load.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

const struct dialect *dialect = &gearman;

struct setting {
  const char *name;
  int *value;
};

static void set(struct setting *settings, const char *name, const char *text) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < -1 || value > 2000000000)
    die("%s must be a whole number, not \"%s\"", name, text);
  for (; settings->name != NULL; settings++)
    if (strcmp(settings->name, name) == 0) {
      *settings->value = (int)value;
      return;
    }
  die("unknown option %s", name);
}

static struct options parse(int argc, char **argv) {
  struct options options = {.cpu = -1, .clients = 1, .in_flight = 1, .workers = 1,
                            .jobs = 1, .slice = 2000000000};
  int server = 0, workload = 64, milliseconds = 600000;
  struct setting settings[] = {
      {"--port", &options.port}, {"--server", &server}, {"--cpu", &options.cpu},
      {"--clients", &options.clients}, {"--in-flight", &options.in_flight},
      {"--workers", &options.workers}, {"--jobs", &options.jobs},
      {"--warmup", &options.warmup}, {"--slice", &options.slice},
      {"--unique", &options.unique}, {"--first", &options.first},
      {"--keys", &options.keys},
      {"--background", &options.background}, {"--partial", &options.partial},
      {"--separate", &options.separate}, {"--checkpoints", &options.checkpoints},
      {"--beanstalk", &options.beanstalk}, {"--workload", &workload},
      {"--milliseconds", &milliseconds}, {NULL, NULL}};
  if (argc < 2 || argc % 2 != 0)
    die("usage: load exchange|submit|probe|sleepers [--option N]...");
  options.mode = argv[1];
  for (int i = 2; i < argc; i += 2)
    if (strcmp(argv[i], "--watch") == 0)
      options.watch = argv[i + 1];
    else
      set(settings, argv[i], argv[i + 1]);
  options.server = server;
  options.seconds = milliseconds / 1e3;
  if (workload < 0 || workload > BUFFER / 4) die("--workload is 0..%d", BUFFER / 4);
  options.workload = (size_t)workload;
  if (options.keys && (options.unique || options.beanstalk))
    die("--keys go without --unique and --beanstalk");
  return options;
}

static void stay_on(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0)
    die("cannot stay on core %d: %s", cpu, strerror(errno));
}

static void raise_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv) {
  struct options options = parse(argc, argv);
  if (options.beanstalk) dialect = &beanstalk;
  if (options.cpu >= 0) stay_on(options.cpu);
  raise_descriptors();
  if (strcmp(options.mode, "exchange") == 0)
    run_exchange(&options);
  else if (strcmp(options.mode, "submit") == 0)
    run_submit(&options);
  else if (strcmp(options.mode, "probe") == 0)
    run_probe(&options);
  else if (strcmp(options.mode, "sleepers") == 0)
    run_sleepers(&options);
  else
    die("unknown mode %s: exchange, submit, probe or sleepers", options.mode);
  return 0;
}
