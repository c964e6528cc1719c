/* One client submits one job at a time while others keep the server busy: how long
 * does each of its submissions take, with a checkpoint going on and without? */
#include "load.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A checkpoint writes to the watched file. One that begins or ends between two
 * answers touches both submissions, so each look covers the time since the last. */
struct probe {
  struct latencies all, during, between;
  const char *path;
  struct timespec written;
  int was_during;
  long checkpoints;
};

static int has_been_written(struct probe *probe) {
  struct stat file;
  if (probe->path == NULL) return 0;
  if (stat(probe->path, &file) != 0) die("%s: %s", probe->path, strerror(errno));
  struct timespec before = probe->written;
  probe->written = file.st_mtim;
  return before.tv_sec != file.st_mtim.tv_sec || before.tv_nsec != file.st_mtim.tv_nsec;
}

static void note_probe(struct submission *submission, struct submitter *submitter,
                       int64_t nanoseconds) {
  struct probe *probe = submission->context;
  if (submitter != submission->submitters) return;
  int is_during = has_been_written(probe);
  if (submitter->answered <= submission->options->warmup) return;
  add_latency(&probe->all, nanoseconds);
  add_latency(is_during ? &probe->during : &probe->between, nanoseconds);
  probe->checkpoints += is_during && !probe->was_during;
  probe->was_during = is_during;
}

static int has_enough(const struct probe *probe, const struct options *options) {
  return probe->all.count >= options->jobs && probe->checkpoints >= options->checkpoints;
}

void run_probe(const struct options *options) {
  struct probe probe = {.path = options->watch};
  struct submission submission = {.answer = note_probe, .context = &probe,
                                  .limit = LONG_MAX};
  open_submission(&submission, options, options->clients + 1);
  submission.submitters[0].in_flight = submission.submitters[0].batch = 1;
  has_been_written(&probe);
  struct clocks begun = read_clocks(options), now = begun;
  for (int i = 0; i < submission.count; i++)
    submit_batch(&submission, &submission.submitters[i]);
  while (!has_enough(&probe, options)) {
    submission_turn(&submission);
    now = read_clocks(options);
    if (now.wall - begun.wall > options->seconds)
      die("after %.0f s only %ld submissions of one job and %ld checkpoints",
          options->seconds, probe.all.count, probe.checkpoints);
  }
  printf("{\"samples\": %ld, \"during\": %ld, \"checkpoints\": %ld, ", probe.all.count,
         probe.during.count, probe.checkpoints);
  print_spent(begun, now, submission.answered);
  print_latencies(&probe.all, "");
  print_latencies(&probe.during, "during_");
  print_latencies(&probe.between, "between_");
  printf("}\n");
}
