/* Clients keep foreground jobs in flight and workers do them; or, without clients,
 * workers drain what waits. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

struct exchange {
  const struct options *options;
  struct connection *connections; /* workers first */
  int count, idle;                /* idle: workers last told NO_JOB */
  long submitted, done;
  unsigned char submit[BUFFER];
  size_t submit_size;
  int64_t *latencies, sent_at;    /* nanoseconds; kept when one job is in flight */
  struct clocks begun;
};

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static long total(const struct exchange *exchange) {
  return (long)exchange->options->warmup + exchange->options->jobs;
}

static void submit(struct exchange *exchange, struct connection *client) {
  if (exchange->submitted == total(exchange)) return;
  if (client->pending + exchange->submit_size > BUFFER) flush(client);
  memcpy(client->out + client->pending, exchange->submit, exchange->submit_size);
  client->pending += exchange->submit_size;
  exchange->submitted++;
}

static void count_done(struct exchange *exchange) {
  exchange->done++;
  if (exchange->done == exchange->options->warmup)
    exchange->begun = read_clocks(exchange->options);
}

static void client_reacts(struct exchange *exchange, struct connection *client) {
  struct packet packet;
  while (next_packet(client, &packet)) {
    if (packet.type == JOB_CREATED) continue;
    if (packet.type != WORK_COMPLETE) die("a client got packet %u", packet.type);
    if (exchange->latencies != NULL && exchange->done >= exchange->options->warmup)
      exchange->latencies[exchange->done - exchange->options->warmup] =
          nanoseconds() - exchange->sent_at;
    count_done(exchange);
    submit(exchange, client);
  }
  exchange->sent_at = nanoseconds();
  flush(client);
}

static void worker_turn(struct exchange *exchange, struct connection *worker) {
  struct packet packet;
  while (next_packet(worker, &packet)) {
    worker_reacts(worker, &packet, exchange->options);
    if (packet.type == NO_JOB) exchange->idle++;
    if (exchange->options->clients == 0 && is_assignment(&packet)) count_done(exchange);
  }
  flush(worker);
}

/* One pass for workers, then one for clients: a worker gets to its PRE_SLEEP before
 * the next job is submitted. */
static void turn(struct exchange *exchange, int epoll) {
  struct epoll_event events[MAX_EVENTS];
  int ready = wait_for(epoll, events, SILENCE_MS);
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
  for (int i = 0; i < exchange->count; i++) {
    struct connection *connection = &exchange->connections[i];
    open_connection(connection, options->port, i < options->workers);
    if (connection->is_worker) add_function(connection);
    add_packet(connection, ECHO_REQ, NULL, 0);
    flush(connection);
    receive_expected(connection, ECHO_RES);
  }
}

static void start(struct exchange *exchange) {
  const struct options *options = exchange->options;
  exchange->begun = read_clocks(options);
  for (int i = 0; i < exchange->count; i++) {
    struct connection *connection = &exchange->connections[i];
    if (connection->is_worker) add_packet(connection, GRAB_JOB_ALL, NULL, 0);
    for (int n = 0; !connection->is_worker && n < options->in_flight; n++)
      submit(exchange, connection);
    exchange->sent_at = nanoseconds();
    flush(connection);
  }
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void print_latencies(const struct exchange *exchange) {
  long n = exchange->options->jobs;
  if (exchange->latencies == NULL) return;
  qsort(exchange->latencies, (size_t)n, sizeof(int64_t), ascending);
  printf(", \"p50\": %.3f, \"p99\": %.3f", (double)exchange->latencies[n / 2] / 1e3,
         (double)exchange->latencies[n * 99 / 100] / 1e3);
}

static int unfinished(const struct exchange *exchange) {
  if (exchange->done < total(exchange)) return 1;
  return exchange->options->clients == 0 && exchange->idle < exchange->options->workers;
}

void run_exchange(const struct options *options) {
  struct exchange *exchange = calloc(1, sizeof *exchange);
  if (exchange == NULL) die("out of memory");
  exchange->options = options;
  exchange->submit_size =
      write_submit(exchange->submit, SUBMIT_JOB, "", options->workload);
  if (options->clients == 1 && options->in_flight == 1)
    exchange->latencies = calloc((size_t)options->jobs, sizeof(int64_t));
  open_all(exchange);
  int epoll = watch(exchange->connections, exchange->count);
  start(exchange);
  while (unfinished(exchange)) turn(exchange, epoll);
  struct clocks ended = read_clocks(options);
  printf("{");
  print_spent(exchange->begun, ended, options->jobs);
  print_latencies(exchange);
  printf("}\n");
}
