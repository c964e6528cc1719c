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

int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void print_spent(struct clocks from, struct clocks to, long jobs) {
  printf("\"jobs\": %ld, \"wall\": %.6f, \"server\": %.6f, \"generator\": %.6f", jobs,
         to.wall - from.wall, to.server - from.server, to.self - from.self);
}

void add_latency(struct latencies *latencies, int64_t value) {
  if (latencies->count == latencies->room) {
    latencies->room = latencies->room == 0 ? 1024 : 2 * latencies->room;
    latencies->values =
        realloc(latencies->values, (size_t)latencies->room * sizeof(int64_t));
    if (latencies->values == NULL) die("out of memory");
  }
  latencies->values[latencies->count++] = value;
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Print microseconds; nothing if there are none. */
void print_latencies(struct latencies *latencies, const char *prefix) {
  long n = latencies->count;
  const int64_t *values = latencies->values;
  if (n == 0) return;
  qsort(latencies->values, (size_t)n, sizeof(int64_t), ascending);
  printf(", \"%sp50\": %.3f, \"%sp99\": %.3f, \"%smax\": %.3f", prefix,
         (double)values[n / 2] / 1e3, prefix, (double)values[n * 99 / 100] / 1e3, prefix,
         (double)values[n - 1] / 1e3);
}
