/* Clients keep jobs in flight and workers do them; or, without clients, workers drain
 * what waits. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

struct exchange {
  const struct options *options;
  struct connection *connections; /* workers first */
  int count, epoll;
  long submitted, created, grabbed, done;
  unsigned char submit[BUFFER];
  size_t submit_size;
  struct latencies latencies;
  int64_t sent_at; /* of the last submission; kept when one job is in flight */
  struct clocks begun;
};

static long total(const struct exchange *exchange) {
  return (long)exchange->options->warmup + exchange->options->jobs;
}

static void submit(struct exchange *exchange, struct connection *client) {
  if (exchange->submitted == total(exchange)) return;
  unsigned char *at = room(client, exchange->submit_size);
  memcpy(at, exchange->submit, exchange->submit_size);
  uint64_t number = (uint64_t)(exchange->options->first + exchange->submitted);
  if (exchange->options->unique) write_unique(at + dialect->unique_at, number);
  exchange->submitted++;
}

static void count_done(struct exchange *exchange) {
  exchange->done++;
  if (exchange->done == exchange->options->warmup)
    exchange->begun = read_clocks(exchange->options);
}

static int is_one_at_a_time(const struct options *options) {
  return options->clients == 1 && options->in_flight == 1;
}

static void client_reacts(struct exchange *exchange, struct connection *client) {
  const struct options *options = exchange->options;
  uint32_t awaited = options->background ? JOB_CREATED : WORK_COMPLETE;
  struct packet packet;
  while (dialect->next_packet(client, &packet)) {
    if (packet.type == JOB_CREATED) exchange->created++;
    if (packet.type == JOB_CREATED && !options->background) continue;
    if (packet.type != awaited) die("a client got packet %u", packet.type);
    if (is_one_at_a_time(options) && exchange->done >= options->warmup)
      add_latency(&exchange->latencies, nanoseconds() - exchange->sent_at);
    if (!options->background) count_done(exchange);
    submit(exchange, client);
  }
  exchange->sent_at = nanoseconds();
  flush(client);
}

/* Grab; when enough is grabbed, ask instead whether all has been dealt with. */
static void go_on(struct exchange *exchange, struct connection *worker) {
  if (exchange->options->partial && exchange->grabbed == total(exchange)) {
    dialect->echo(worker);
    return;
  }
  exchange->grabbed++;
  dialect->grab(worker);
}

/* Do what libgearman's worker would do on this packet. */
static void worker_reacts(struct exchange *exchange, struct connection *worker,
                          const struct packet *packet) {
  const struct options *options = exchange->options;
  worker->is_idle = packet->type == NO_JOB || packet->type == ECHO_RES;
  if (is_assignment(packet)) {
    if (options->clients == 0 || options->background) count_done(exchange);
    dialect->complete(worker, packet, options->workload);
    if (options->separate) flush(worker);
    go_on(exchange, worker);
  } else if (packet->type == NOOP) {
    go_on(exchange, worker);
  } else if (packet->type == NO_JOB) {
    exchange->grabbed--;
    dialect->sleep(worker);
  }
}

static void worker_turn(struct exchange *exchange, struct connection *worker) {
  struct packet packet;
  while (dialect->next_packet(worker, &packet))
    worker_reacts(exchange, worker, &packet);
  flush(worker);
}

/* One pass for workers, then one for clients: a worker gets to its PRE_SLEEP before
 * the next job is submitted. */
static void turn(struct exchange *exchange) {
  struct epoll_event events[MAX_EVENTS];
  int ready = wait_for(exchange->epoll, events, SILENCE_MS);
  if (ready == 0) die("silence after %ld of %ld jobs", exchange->done, total(exchange));
  for (int pass = 1; pass >= 0; pass--)
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (connection->is_worker != pass || !receive(connection, 0)) continue;
      if (pass)
        worker_turn(exchange, connection);
      else
        client_reacts(exchange, connection);
    }
}

static void open_all(struct exchange *exchange) {
  const struct options *options = exchange->options;
  exchange->count = options->workers + options->clients;
  exchange->connections = calloc((size_t)exchange->count, sizeof(struct connection));
  if (exchange->connections == NULL) die("out of memory");
  exchange->epoll = -1;
  for (int i = 0; i < exchange->count; i++) {
    struct connection *connection = &exchange->connections[i];
    open_connection(connection, options->port, i < options->workers);
    if (connection->is_worker) dialect->can_do(connection);
    dialect->echo(connection);
    flush(connection);
    receive_expected(connection, ECHO_RES);
    exchange->epoll = watch(connection, exchange->epoll);
  }
}

static void start(struct exchange *exchange) {
  const struct options *options = exchange->options;
  exchange->begun = read_clocks(options);
  for (int i = 0; i < exchange->count; i++) {
    struct connection *connection = &exchange->connections[i];
    if (connection->is_worker) go_on(exchange, connection);
    for (int n = 0; !connection->is_worker && n < options->in_flight; n++)
      submit(exchange, connection);
    exchange->sent_at = nanoseconds();
    flush(connection);
  }
}

/* A worker is idle when its last answer shows that its last result was dealt with. */
static int unfinished(const struct exchange *exchange) {
  const struct options *options = exchange->options;
  if (exchange->done < total(exchange)) return 1;
  if (options->background && exchange->created < total(exchange)) return 1;
  for (int i = 0; i < options->workers; i++)
    if ((options->clients == 0 || options->background) &&
        !exchange->connections[i].is_idle)
      return 1;
  return 0;
}

void run_exchange(const struct options *options) {
  struct exchange *exchange = calloc(1, sizeof *exchange);
  char unique[UNIQUE_SIZE + 1] = "";
  if (exchange == NULL) die("out of memory");
  if (options->unique) memset(unique, '0', UNIQUE_SIZE);
  exchange->options = options;
  if (options->clients > 0)
    exchange->submit_size = dialect->write_submit(
        exchange->submit, options->background ? SUBMIT_JOB_BG : SUBMIT_JOB, 0,
        unique, options->workload);
  open_all(exchange);
  start(exchange);
  while (unfinished(exchange)) turn(exchange);
  struct clocks ended = read_clocks(options);
  printf("{");
  print_spent(exchange->begun, ended, options->jobs);
  print_latencies(&exchange->latencies, "");
  printf("}\n");
}
