/* Gearman's binary protocol. */
#include "load.h"

#include <string.h>

static const char FUNCTION[] = "bench";
static const char WITH_KEY[] = "bench?key=00000000"; /* KEY_SIZE digits */

static void write_header(unsigned char *at, uint32_t type, size_t size) {
  const unsigned char header[HEADER] = {
      0, 'R', 'E', 'Q', 0, 0, 0, (unsigned char)type, (unsigned char)(size >> 24),
      (unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size};
  memcpy(at, header, HEADER);
}

static uint32_t number_at(const unsigned char *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Take the next complete packet; return 0 when there is none. */
static int next_packet(struct connection *connection, struct packet *packet) {
  const unsigned char *at = connection->in + connection->start;
  size_t unread = connection->end - connection->start;
  if (unread < HEADER) return 0;
  if (memcmp(at, "\0RES", 4) != 0) die("the server sent something that is no packet");
  packet->type = number_at(at + 4);
  packet->size = number_at(at + 8);
  packet->body = at + HEADER;
  if (unread < HEADER + packet->size) return 0;
  if (packet->type == ERROR)
    die("the server sent ERROR %.*s", (int)packet->size, (const char *)packet->body);
  connection->start += HEADER + packet->size;
  return 1;
}

static void add_packet(struct connection *connection, uint32_t type, const void *body,
                       size_t size) {
  unsigned char *at = room(connection, HEADER + size);
  write_header(at, type, size);
  if (size > 0) memcpy(at + HEADER, body, size);
}

/* Write one submission, with room for a flow key if it has one; return its length. */
static size_t write_submit(unsigned char *at, uint32_t type, int has_key,
                           const char *unique, size_t workload) {
  size_t name = has_key ? sizeof WITH_KEY : sizeof FUNCTION;
  size_t rest = strlen(unique) + 1;
  size_t size = name + rest + workload;
  write_header(at, type, size);
  memcpy(at + HEADER, has_key ? WITH_KEY : FUNCTION, name);
  memcpy(at + HEADER + name, unique, rest);
  memset(at + HEADER + name + rest, 'w', workload);
  return HEADER + size;
}

/* Write the digits of a flow key. */
void write_key(unsigned char *at, uint64_t number) {
  for (int i = KEY_SIZE - 1; i >= 0; i--, number /= 10)
    at[i] = (unsigned char)('0' + number % 10);
}

/* Spread a number over 64 bits; different numbers stay different. */
static uint64_t scatter(uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

/* Write what looks like a random UUID, another one for each number. */
void write_unique(unsigned char *at, uint64_t number) {
  static const char digits[] = "0123456789abcdef";
  static const char form[UNIQUE_SIZE + 1] = "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx";
  uint64_t bits = scatter(number), spare = scatter(~number);
  for (int i = 0; i < UNIQUE_SIZE; i++) {
    at[i] = (unsigned char)(form[i] == 'x' ? digits[bits & 15] : form[i]);
    if (form[i] == 'x') bits = bits >> 4 | spare << 60;
    if (form[i] == 'x') spare >>= 4;
  }
}

static void can_do(struct connection *worker) {
  add_packet(worker, CAN_DO, FUNCTION, sizeof FUNCTION - 1);
}

static void echo(struct connection *connection) {
  add_packet(connection, ECHO_REQ, NULL, 0);
}

static void grab(struct connection *worker) {
  add_packet(worker, GRAB_JOB_ALL, NULL, 0);
}

static void fall_asleep(struct connection *worker) {
  add_packet(worker, PRE_SLEEP, NULL, 0);
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

const struct dialect gearman = {.next_packet = next_packet,
                                .write_submit = write_submit,
                                .can_do = can_do,
                                .echo = echo,
                                .grab = grab,
                                .sleep = fall_asleep,
                                .complete = complete,
                                .key_at = HEADER + sizeof WITH_KEY - 1 - KEY_SIZE,
                                .unique_at = HEADER + sizeof FUNCTION};
