/* Time, and what is printed about it. */
#include "load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

static double seconds_of(clockid_t clock) {
  struct timespec now;
  if (clock_gettime(clock, &now) != 0) die("cannot read a clock");
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct clocks read_clocks(const struct options *options) {
  clockid_t server_clock;
  if (clock_getcpuclockid(options->server, &server_clock) != 0)
    die("no process %d: has the job server ended?", (int)options->server);
  return (struct clocks){.wall = seconds_of(CLOCK_MONOTONIC),
                         .server = seconds_of(server_clock),
                         .self = seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
}

void print_spent(struct clocks from, struct clocks to, long jobs) {
  printf("\"jobs\": %ld, \"wall\": %.6f, \"server\": %.6f, \"generator\": %.6f", jobs,
         to.wall - from.wall, to.server - from.server, to.self - from.self);
}
