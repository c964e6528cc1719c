/* The packets this program sends, and how its workers answer. */
#include "load.h"

#include <string.h>

static const char FUNCTION[] = "bench";

static void write_header(unsigned char *at, uint32_t type, size_t size) {
  const unsigned char header[HEADER] = {
      0, 'R', 'E', 'Q', 0, 0, 0, (unsigned char)type, (unsigned char)(size >> 24),
      (unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size};
  memcpy(at, header, HEADER);
}

static unsigned char *room(struct connection *connection, size_t size) {
  if (connection->pending + size > BUFFER) flush(connection);
  if (size > BUFFER) die("a packet of %zu bytes is too large for this program", size);
  connection->pending += size;
  return connection->out + connection->pending - size;
}

void add_packet(struct connection *connection, uint32_t type, const void *body,
                size_t size) {
  unsigned char *at = room(connection, HEADER + size);
  write_header(at, type, size);
  if (size > 0) memcpy(at + HEADER, body, size);
}

/* Write one submission; return its length. */
size_t write_submit(unsigned char *at, uint32_t type, const char *unique,
                    size_t workload) {
  size_t key = strlen(unique);
  size_t size = sizeof FUNCTION + key + 1 + workload;
  write_header(at, type, size);
  memcpy(at + HEADER, FUNCTION, sizeof FUNCTION);
  memcpy(at + HEADER + sizeof FUNCTION, unique, key + 1);
  memset(at + HEADER + sizeof FUNCTION + key + 1, 'w', workload);
  return HEADER + size;
}

void add_function(struct connection *worker) {
  add_packet(worker, CAN_DO, FUNCTION, sizeof FUNCTION - 1);
}

int is_assignment(const struct packet *packet) {
  return packet->type == JOB_ASSIGN || packet->type == JOB_ASSIGN_UNIQ ||
         packet->type == JOB_ASSIGN_ALL;
}

static void complete(struct connection *worker, const struct packet *packet,
                     size_t result) {
  const unsigned char *nul = memchr(packet->body, 0, packet->size);
  if (nul == NULL) die("an assignment without a handle");
  size_t handle = (size_t)(nul - packet->body) + 1;
  unsigned char *at = room(worker, HEADER + handle + result);
  write_header(at, WORK_COMPLETE, handle + result);
  memcpy(at + HEADER, packet->body, handle);
  memset(at + HEADER + handle, 'r', result);
}

/* Queue what libgearman's worker would answer to this packet. */
void worker_reacts(struct connection *worker, const struct packet *packet,
                   const struct options *options) {
  if (is_assignment(packet)) complete(worker, packet, options->workload);
  if (is_assignment(packet) && options->separate) flush(worker);
  if (is_assignment(packet) || packet->type == NOOP)
    add_packet(worker, GRAB_JOB_ALL, NULL, 0);
  if (packet->type == NO_JOB) add_packet(worker, PRE_SLEEP, NULL, 0);
}
