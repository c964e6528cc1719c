/* Clients that submit background jobs, each with a bounded number unanswered. */
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* Half the window: the next batch leaves while the server works on the other half. */
static int batch_of(int in_flight) { return in_flight > 1 ? in_flight / 2 : 1; }

static void encode_batch(struct submission *submission) {
  const struct options *options = submission->options;
  char unique[UNIQUE_SIZE + 1] = "";
  int batch = batch_of(options->in_flight);
  if (options->unique) memset(unique, '0', UNIQUE_SIZE);
  submission->blob = malloc((size_t)batch * BUFFER);
  if (submission->blob == NULL) die("out of memory");
  for (int i = 0; i < batch; i++)
    submission->packet_size = dialect->write_submit(
        submission->blob + (size_t)i * submission->packet_size, SUBMIT_JOB_BG,
        options->keys > 0, unique, options->workload);
}

static void open_submitter(struct submitter *submitter, const struct options *options) {
  submitter->in_flight = options->in_flight;
  submitter->batch = batch_of(options->in_flight);
  submitter->sent_at = calloc((size_t)options->in_flight, sizeof(int64_t));
  if (submitter->sent_at == NULL) die("out of memory");
  open_connection(&submitter->connection, options->port, 0);
}

void open_submission(struct submission *submission, const struct options *options,
                     int count) {
  submission->options = options;
  submission->count = count;
  submission->epoll = -1;
  submission->submitters = calloc((size_t)count, sizeof(struct submitter));
  if (submission->submitters == NULL) die("out of memory");
  encode_batch(submission);
  for (int i = 0; i < count; i++) {
    open_submitter(&submission->submitters[i], options);
    submission->epoll =
        watch(&submission->submitters[i].connection, submission->epoll);
  }
}

static void number_uniques(struct submission *submission, int count) {
  uint64_t number = (uint64_t)(submission->options->first + submission->submitted);
  unsigned char *at = submission->blob + dialect->unique_at;
  for (int i = 0; i < count; i++, at += submission->packet_size)
    write_unique(at, number + (uint64_t)i);
}

static void number_keys(struct submission *submission, int count) {
  uint64_t keys = (uint64_t)submission->options->keys;
  uint64_t number = (uint64_t)(submission->options->first + submission->submitted);
  unsigned char *at = submission->blob + dialect->key_at;
  for (int i = 0; i < count; i++, at += submission->packet_size)
    write_key(at, (number + (uint64_t)i) % keys);
}

/* Send a batch, or what is left up to the limit. */
void submit_batch(struct submission *submission, struct submitter *submitter) {
  long left = submission->limit - submission->submitted;
  int count = left < submitter->batch ? (int)left : submitter->batch;
  struct connection *connection = &submitter->connection;
  unsigned char *own = connection->out;
  if (count <= 0) return;
  if (submission->options->unique) number_uniques(submission, count);
  if (submission->options->keys) number_keys(submission, count);
  int64_t now = nanoseconds();
  for (int i = 0; i < count; i++)
    submitter->sent_at[submitter->submitted++ % submitter->in_flight] = now;
  connection->out = submission->blob;
  connection->pending = (size_t)count * submission->packet_size;
  flush(connection);
  connection->out = own;
  submission->submitted += count;
}

static void submitter_reacts(struct submission *submission,
                             struct submitter *submitter) {
  struct packet packet;
  int64_t now = nanoseconds();
  while (dialect->next_packet(&submitter->connection, &packet)) {
    int64_t sent_at = submitter->sent_at[submitter->answered % submitter->in_flight];
    if (packet.type != JOB_CREATED) die("a client got packet %u", packet.type);
    submitter->answered++;
    submission->answered++;
    submission->answer(submission, submitter, now - sent_at);
  }
  while (submission->submitted < submission->limit &&
         submitter->submitted - submitter->answered <=
             submitter->in_flight - submitter->batch)
    submit_batch(submission, submitter);
}

/* Wait for answers, and submit what they made room for. */
void submission_turn(struct submission *submission) {
  struct epoll_event events[MAX_EVENTS];
  if (submission->count == 1) {
    receive(&submission->submitters[0].connection, 1);
    submitter_reacts(submission, &submission->submitters[0]);
    return;
  }
  int ready = wait_for(submission->epoll, events, SILENCE_MS);
  if (ready == 0) die("silence after %ld answers", submission->answered);
  for (int i = 0; i < ready; i++) {
    struct submitter *submitter = events[i].data.ptr;
    if (receive(&submitter->connection, 0)) submitter_reacts(submission, submitter);
  }
}
