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
enum { UNIQUE_SIZE = 36 /* as long as the UUIDs of libgearman */ };
enum { KEY_SIZE = 8 /* digits of a flow key */ };

struct options {
  const char *mode;
  const char *watch; /* probe: a file that is written by checkpoints alone */
  int port;
  pid_t server;      /* whose processor time is read */
  int cpu;           /* the core to stay on, or -1 */
  int clients, in_flight, workers, jobs, warmup, slice, unique;
  int first;         /* the number of the first unique */
  int keys;          /* submit: the jobs have so many flow keys in turn; 0 for none */
  int background;    /* exchange: clients wait for JOB_CREATED alone */
  int partial;       /* exchange: workers stop after `jobs`, more may wait */
  int separate;      /* WORK_COMPLETE and the next GRAB_JOB leave in two writes */
  int checkpoints;   /* probe: go on until this many were seen */
  int beanstalk;     /* speak beanstalkd's protocol */
  size_t workload;   /* bytes of each workload and of each result */
  double seconds;    /* submit, probe: stop after this long, answered or not */
};

struct connection {
  int fd;
  int is_worker, is_idle; /* idle: it asked and was told that nothing is left to do */
  unsigned char *in, *out;
  size_t start, end, pending; /* unread bytes are in[start..end); pending leave next */
};

struct packet {
  uint32_t type, size;
  const unsigned char *body;
};

/* How a job server is spoken to. Answers come as packets of Gearman's types. */
struct dialect {
  int (*next_packet)(struct connection *connection, struct packet *packet);
  size_t (*write_submit)(unsigned char *at, uint32_t type, int has_key,
                         const char *unique, size_t workload);
  void (*can_do)(struct connection *worker);
  void (*echo)(struct connection *connection);
  void (*grab)(struct connection *worker);
  void (*sleep)(struct connection *worker);
  void (*complete)(struct connection *worker, const struct packet *packet,
                   size_t result);
  size_t key_at;    /* where the flow key is in a submission, if it has one */
  size_t unique_at; /* where the unique is in one without a flow key */
  int grab_waits;   /* a grab is answered when there is a job, never before */
};

extern const struct dialect gearman, beanstalk, *dialect;

/* Seconds: the wall, the server's processor time (all threads), our own. */
struct clocks {
  double wall, server, self;
};

/* A client with a bounded number of background submissions unanswered. */
struct submitter {
  struct connection connection;
  int in_flight, batch;
  long submitted, answered;
  int64_t *sent_at; /* of the unanswered: number n is at n % in_flight */
};

/* Submitters that share one count of jobs. */
struct submission {
  const struct options *options;
  struct submitter *submitters;
  int count, epoll;
  unsigned char *blob; /* one batch of submissions, encoded before the clock starts */
  size_t packet_size;
  long submitted, answered, limit;
  void (*answer)(struct submission *submission, struct submitter *submitter,
                 int64_t nanoseconds);
  void *context; /* of answer */
};

/* Nanoseconds, one for each answer. */
struct latencies {
  int64_t *values;
  long count, room;
};

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

struct clocks read_clocks(const struct options *options);
int64_t nanoseconds(void);
void print_spent(struct clocks from, struct clocks to, long jobs);
void add_latency(struct latencies *latencies, int64_t value);
void print_latencies(struct latencies *latencies, const char *prefix);

void open_connection(struct connection *connection, int port, int is_worker);
void close_connection(struct connection *connection);
unsigned char *room(struct connection *connection, size_t size);
void flush(struct connection *connection);
int receive(struct connection *connection, int wait);
void receive_expected(struct connection *connection, uint32_t type);

void write_unique(unsigned char *at, uint64_t number);
void write_key(unsigned char *at, uint64_t number);
int is_assignment(const struct packet *packet);

int watch(struct connection *connection, int epoll);
int wait_for(int epoll, void *events, int milliseconds);

void open_submission(struct submission *submission, const struct options *options,
                     int count);
void submit_batch(struct submission *submission, struct submitter *submitter);
void submission_turn(struct submission *submission);

void run_exchange(const struct options *options);
void run_submit(const struct options *options);
void run_probe(const struct options *options);
void run_sleepers(const struct options *options);

#endif
