/* The part of beanstalkd's protocol that its clients and workers need most: a job is
 * put, reserved and deleted. Replies become packets: INSERTED is JOB_CREATED, RESERVED
 * JOB_ASSIGN, DELETED and USING are ECHO_RES. There are no uniques and no results. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 256, TIME_TO_RUN = 600 };

static int starts_with(const char *line, const char *word) {
  return strncmp(line, word, strlen(word)) == 0;
}

/* Set the packet's body to the job's id; return the bytes of its data, or -1. */
static long reserved_job(const char *line, struct packet *packet) {
  char *end;
  const char *id = line + strlen("RESERVED ");
  strtoull(id, &end, 10);
  packet->body = (const unsigned char *)id;
  packet->size = (uint32_t)(end - id);
  return *end == ' ' ? strtol(end, NULL, 10) : -1;
}

/* Take the next complete reply; return 0 when there is none. */
static int next_reply(struct connection *connection, struct packet *packet) {
  unsigned char *at = connection->in + connection->start;
  size_t unread = connection->end - connection->start, size;
  unsigned char *newline = memchr(at, '\n', unread);
  const char *line = (const char *)at;
  if (newline == NULL) return 0;
  size = (size_t)(newline - at) + 1;
  *packet = (struct packet){.type = ECHO_RES};
  if (starts_with(line, "INSERTED ")) {
    packet->type = JOB_CREATED;
  } else if (starts_with(line, "RESERVED ")) {
    long data = reserved_job(line, packet);
    packet->type = JOB_ASSIGN;
    if (data < 0) die("the server sent %.*s", (int)size, line);
    size += (size_t)data + 2;
  } else if (!starts_with(line, "DELETED\r") && !starts_with(line, "USING ")) {
    die("the server sent %.*s", (int)size, line);
  }
  if (unread < size) return 0;
  connection->start += size;
  return 1;
}

static void add_line(struct connection *connection, const char *line) {
  memcpy(room(connection, strlen(line)), line, strlen(line));
}

/* Write one submission; return its length. */
static size_t write_put(unsigned char *at, uint32_t type, int has_key,
                        const char *unique, size_t workload) {
  int size = sprintf((char *)at, "put 0 0 %d %zu\r\n", TIME_TO_RUN, workload);
  if (type != SUBMIT_JOB_BG) die("beanstalkd has no foreground jobs");
  if (*unique != '\0' || has_key) die("beanstalkd has no uniques and no flow keys");
  memset(at + size, 'w', workload);
  memcpy(at + size + workload, "\r\n", 2);
  return (size_t)size + workload + 2;
}

static void can_do(struct connection *worker) { worker->is_idle = 1; }

static void echo(struct connection *connection) {
  add_line(connection, "use default\r\n");
}

static void reserve(struct connection *worker) { add_line(worker, "reserve\r\n"); }

static void delete_job(struct connection *worker, const struct packet *packet,
                       size_t result) {
  char line[LINE];
  (void)result;
  snprintf(line, sizeof line, "delete %.*s\r\n", (int)packet->size,
           (const char *)packet->body);
  add_line(worker, line);
}

const struct dialect beanstalk = {.next_packet = next_reply,
                                  .write_submit = write_put,
                                  .can_do = can_do,
                                  .echo = echo,
                                  .grab = reserve,
                                  .complete = delete_job,
                                  .grab_waits = 1};
