/* Many workers asleep, one job at a time: how many are woken for it? */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct bedroom {
  const struct options *options;
  struct connection *workers;
  int epoll;
  long noops, done, echoes;
};

/* The answer to ECHO_REQ proves that the PRE_SLEEP before it has been dealt with. */
static void fall_asleep(struct connection *worker, int port) {
  open_connection(worker, port, 1);
  dialect->can_do(worker);
  dialect->sleep(worker);
  dialect->echo(worker);
  flush(worker);
  receive_expected(worker, ECHO_RES);
}

static void worker_turn(struct bedroom *bedroom, struct connection *worker) {
  struct packet packet;
  if (!receive(worker, 0)) return;
  while (dialect->next_packet(worker, &packet)) {
    bedroom->noops += packet.type == NOOP;
    bedroom->done += is_assignment(&packet);
    bedroom->echoes += packet.type == ECHO_RES;
    if (is_assignment(&packet))
      dialect->complete(worker, &packet, bedroom->options->workload);
    if (is_assignment(&packet) || packet.type == NOOP) dialect->grab(worker);
    if (packet.type == NO_JOB) dialect->sleep(worker);
  }
  flush(worker);
}

/* Let everyone react until nothing has been said for `quiet` milliseconds. */
static void settle(struct bedroom *bedroom, int quiet) {
  struct epoll_event events[MAX_EVENTS];
  int ready;
  while ((ready = wait_for(bedroom->epoll, events, quiet)) > 0)
    for (int i = 0; i < ready; i++) worker_turn(bedroom, events[i].data.ptr);
}

/* Each worker's answer comes behind any NOOP it was sent: none is missed. */
static void roll_call(struct bedroom *bedroom) {
  struct epoll_event events[MAX_EVENTS];
  bedroom->echoes = 0;
  for (int i = 0; i < bedroom->options->workers; i++) {
    dialect->echo(&bedroom->workers[i]);
    flush(&bedroom->workers[i]);
  }
  while (bedroom->echoes < bedroom->options->workers) {
    int ready = wait_for(bedroom->epoll, events, SILENCE_MS);
    if (ready == 0) die("only %ld workers answered", bedroom->echoes);
    for (int i = 0; i < ready; i++) worker_turn(bedroom, events[i].data.ptr);
  }
}

static void submit_one(struct connection *client, size_t workload) {
  client->pending = dialect->write_submit(client->out, SUBMIT_JOB_BG, 0, "", workload);
  flush(client);
  receive_expected(client, JOB_CREATED);
}

/* Processor time is summed over the reactions alone, not over the roll calls. */
static struct clocks wake_for_jobs(struct bedroom *bedroom, struct connection *client) {
  struct clocks spent = {0};
  for (int job = 0; job < bedroom->options->jobs; job++) {
    struct clocks from = read_clocks(bedroom->options);
    submit_one(client, bedroom->options->workload);
    settle(bedroom, 100);
    struct clocks to = read_clocks(bedroom->options);
    roll_call(bedroom);
    if (bedroom->done != job + 1) die("job %d was not done", job + 1);
    spent.wall += to.wall - from.wall;
    spent.server += to.server - from.server;
    spent.self += to.self - from.self;
  }
  return spent;
}

void run_sleepers(const struct options *options) {
  struct bedroom bedroom = {.options = options};
  struct connection client;
  bedroom.epoll = -1;
  bedroom.workers = calloc((size_t)options->workers, sizeof *bedroom.workers);
  if (bedroom.workers == NULL) die("out of memory");
  for (int i = 0; i < options->workers; i++) {
    fall_asleep(&bedroom.workers[i], options->port);
    bedroom.epoll = watch(&bedroom.workers[i], bedroom.epoll);
  }
  open_connection(&client, options->port, 0);
  struct clocks spent = wake_for_jobs(&bedroom, &client);
  printf("{");
  print_spent((struct clocks){0}, spent, options->jobs);
  printf(", \"workers\": %d, \"noops\": %ld}\n", options->workers, bedroom.noops);
}
