/* One client submits background jobs with a bounded number unanswered. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct submission {
  const struct options *options;
  struct connection client;
  unsigned char *blob; /* one batch of submissions, encoded before the clock starts */
  size_t blob_size, packet_size;
  int batch;
  long submitted, answered, limit;
};

enum { UNIQUE_AT = HEADER + sizeof "bench", UNIQUE_DIGITS = 36 /* as long as the UUIDs of libgearman */ };

/* Half the window: the next batch leaves while the server works on the other half. */
static void encode_batch(struct submission *submission) {
  const struct options *options = submission->options;
  char unique[UNIQUE_DIGITS + 1] = "";
  if (options->unique) memset(unique, '0', UNIQUE_DIGITS);
  submission->batch = options->in_flight > 1 ? options->in_flight / 2 : 1;
  submission->blob = malloc((size_t)submission->batch * BUFFER);
  if (submission->blob == NULL) die("out of memory");
  for (int i = 0; i < submission->batch; i++) {
    unsigned char *at = submission->blob + submission->blob_size;
    submission->packet_size =
        write_submit(at, SUBMIT_JOB_BG, unique, options->workload);
    submission->blob_size += submission->packet_size;
  }
}

static void number_uniques(struct submission *submission) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < submission->batch; i++) {
    unsigned char *unique = submission->blob + (size_t)i * submission->packet_size + UNIQUE_AT;
    unsigned long number = (unsigned long)(submission->submitted + i);
    for (int digit = UNIQUE_DIGITS - 1; number != 0; digit--, number >>= 4)
      unique[digit] = (unsigned char)digits[number & 15];
  }
}

static void send_batch(struct submission *submission) {
  long left = submission->limit - submission->submitted;
  int count = left < submission->batch ? (int)left : submission->batch;
  unsigned char *own = submission->client.out;
  if (count <= 0) return;
  if (submission->options->unique) number_uniques(submission);
  submission->client.out = submission->blob;
  submission->client.pending = (size_t)count * submission->packet_size;
  flush(&submission->client);
  submission->client.out = own;
  submission->submitted += count;
}

static void receive_answers(struct submission *submission) {
  struct packet packet;
  receive(&submission->client, 1);
  while (next_packet(&submission->client, &packet)) {
    if (packet.type != JOB_CREATED) die("a client got packet %u", packet.type);
    submission->answered++;
  }
  while (submission->submitted < submission->limit &&
         submission->submitted - submission->answered <=
             submission->options->in_flight - submission->batch)
    send_batch(submission);
}

/* Submit until `goal` are answered; stop early when the wall clock passes `end`. */
static struct clocks submit_until(struct submission *submission, long goal, double end) {
  struct clocks now = read_clocks(submission->options);
  while (submission->answered < goal && now.wall < end) {
    receive_answers(submission);
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
  printf("}\n");
}

void run_submit(const struct options *options) {
  struct submission submission = {.options = options};
  submission.limit = (long)options->warmup + options->jobs;
  encode_batch(&submission);
  open_connection(&submission.client, options->port, 0);
  struct clocks now = read_clocks(options);
  send_batch(&submission);
  submit_until(&submission, options->warmup, now.wall + options->seconds);
  print_slices(&submission, read_clocks(options));
}
