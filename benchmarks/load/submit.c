/* Background submissions as fast as they are answered, in slices. */
#include "load.h"

#include <stdio.h>

static void note_latency(struct submission *submission, struct submitter *submitter,
                         int64_t nanoseconds) {
  (void)submitter;
  if (submission->answered > submission->options->warmup)
    add_latency(submission->context, nanoseconds);
}

/* Submit until `goal` are answered; stop early when the wall clock passes `end`. */
static struct clocks submit_until(struct submission *submission, long goal, double end) {
  struct clocks now = read_clocks(submission->options);
  while (submission->answered < goal && now.wall < end) {
    submission_turn(submission);
    now = read_clocks(submission->options);
  }
  return now;
}

static void print_slices(struct submission *submission, struct clocks begun) {
  const struct options *options = submission->options;
  double end = begun.wall + options->seconds;
  struct clocks from = begun, to = begun;
  long first = submission->answered, last = first;
  printf("{\"slices\": [");
  while (submission->answered < submission->limit && to.wall < end) {
    long goal = last + options->slice;
    to = submit_until(submission, goal < submission->limit ? goal : submission->limit, end);
    printf("%s{", last == first ? "" : ", ");
    print_spent(from, to, submission->answered - last);
    printf("}");
    last = submission->answered;
    from = to;
  }
  printf("], ");
  print_spent(begun, to, submission->answered - first);
  print_latencies(submission->context, "");
  printf("}\n");
}

/* Let the clients submit up to a number of jobs; they begin at once. */
static struct clocks start(struct submission *submission, long limit) {
  struct clocks now = read_clocks(submission->options);
  submission->limit = limit;
  for (int i = 0; i < submission->count; i++)
    submit_batch(submission, &submission->submitters[i]);
  return now;
}

/* All that warms up is answered before the clock starts. */
void run_submit(const struct options *options) {
  struct latencies latencies = {0};
  struct submission submission = {.answer = note_latency, .context = &latencies};
  open_submission(&submission, options, options->clients);
  struct clocks now = start(&submission, options->warmup);
  submit_until(&submission, options->warmup, now.wall + options->seconds);
  print_slices(&submission, start(&submission, (long)options->warmup + options->jobs));
}
