/* What the parts of the load generator share. */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum packet_type {
  CAN_DO = 1, PRE_SLEEP = 4, NOOP = 6, SUBMIT_JOB = 7, JOB_CREATED = 8,
  NO_JOB = 10, JOB_ASSIGN = 11, WORK_COMPLETE = 13, ECHO_REQ = 16, ECHO_RES = 17,
  SUBMIT_JOB_BG = 18, ERROR = 19, JOB_ASSIGN_UNIQ = 31, GRAB_JOB_ALL = 39,
  JOB_ASSIGN_ALL = 40
};

enum { HEADER = 12, BUFFER = 16384, MAX_EVENTS = 256, SILENCE_MS = 30000 };

struct options {
  const char *mode;
  int port;
  pid_t server;     /* whose processor time is read */
  int cpu;          /* the core to stay on, or -1 */
  int clients, in_flight, workers, jobs, warmup, slice, unique;
  int separate;     /* WORK_COMPLETE and the next GRAB_JOB leave in two writes */
  size_t workload;  /* bytes of each workload and of each result */
  double seconds;   /* submit: stop after this long, answered or not */
};

struct connection {
  int fd;
  int is_worker;
  unsigned char *in, *out;
  size_t start, end, pending; /* unread bytes are in[start..end); pending leave next */
};

struct packet {
  uint32_t type, size;
  const unsigned char *body;
};

/* Seconds: the wall, the server's processor time (all threads), our own. */
struct clocks {
  double wall, server, self;
};

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

struct clocks read_clocks(const struct options *options);
void print_spent(struct clocks from, struct clocks to, long jobs);

void open_connection(struct connection *connection, int port, int is_worker);
void close_connection(struct connection *connection);
void flush(struct connection *connection);
int receive(struct connection *connection, int wait);
int next_packet(struct connection *connection, struct packet *packet);
void receive_expected(struct connection *connection, uint32_t type);

void add_packet(struct connection *connection, uint32_t type, const void *body,
                size_t size);
size_t write_submit(unsigned char *at, uint32_t type, const char *unique,
                    size_t workload);
void add_function(struct connection *worker);
void worker_reacts(struct connection *worker, const struct packet *packet,
                   const struct options *options);
int is_assignment(const struct packet *packet);

int watch(struct connection *connections, int count);
int wait_for(int epoll, void *events, int milliseconds);

void run_exchange(const struct options *options);
void run_submit(const struct options *options);
void run_sleepers(const struct options *options);

#endif
