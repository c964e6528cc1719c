/* One socket with its two buffers.
 *
 * Reads never block unless asked to. Writes may: no mode leaves more unanswered
 * bytes on a connection than a socket buffer holds, so they do not.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

void open_connection(struct connection *connection, int port, int is_worker) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int on = 1;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connection->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connection->fd < 0) die("socket: %s (raise `ulimit -n`?)", strerror(errno));
  if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0)
    die("connect to 127.0.0.1:%d: %s", port, strerror(errno));
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection->is_worker = is_worker;
  connection->is_idle = 0;
  connection->in = malloc(BUFFER);
  connection->out = malloc(BUFFER);
  if (connection->in == NULL || connection->out == NULL) die("out of memory");
  connection->start = connection->end = connection->pending = 0;
}

void close_connection(struct connection *connection) {
  close(connection->fd);
  free(connection->in);
  free(connection->out);
}

/* Return where `size` bytes that leave with the next flush are to be written. */
unsigned char *room(struct connection *connection, size_t size) {
  if (connection->pending + size > BUFFER) flush(connection);
  if (size > BUFFER) die("a packet of %zu bytes is too large for this program", size);
  connection->pending += size;
  return connection->out + connection->pending - size;
}

void flush(struct connection *connection) {
  size_t sent = 0;
  while (sent < connection->pending) {
    ssize_t n = send(connection->fd, connection->out + sent, connection->pending - sent,
                     MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) die("the server closed a connection: %s", strerror(errno));
    if (n > 0) sent += (size_t)n;
  }
  connection->pending = 0;
}

/* Read once; return whether anything came. */
int receive(struct connection *connection, int wait) {
  ssize_t n;
  if (connection->start > 0) {
    memmove(connection->in, connection->in + connection->start,
            connection->end - connection->start);
    connection->end -= connection->start;
    connection->start = 0;
  }
  if (connection->end == BUFFER) die("a packet is larger than %d bytes", BUFFER);
  n = recv(connection->fd, connection->in + connection->end, BUFFER - connection->end,
           wait ? 0 : MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (n <= 0) die("the server closed a connection");
  connection->end += (size_t)n;
  return 1;
}

/* Block until a packet of this type arrives; pass over the others. */
void receive_expected(struct connection *connection, uint32_t type) {
  struct packet packet;
  for (;;) {
    while (dialect->next_packet(connection, &packet))
      if (packet.type == type) return;
    receive(connection, 1);
  }
}

/* Have an epoll (a new one for -1) tell when the connection is readable; return it. */
int watch(struct connection *connection, int epoll) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  if (epoll < 0) epoll = epoll_create1(0);
  if (epoll < 0) die("epoll_create1: %s", strerror(errno));
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
    die("epoll_ctl: %s", strerror(errno));
  return epoll;
}

/* Return how many connections are readable; 0 after the given silence. */
int wait_for(int epoll, void *events, int milliseconds) {
  int n;
  do {
    n = epoll_wait(epoll, events, MAX_EVENTS, milliseconds);
  } while (n < 0 && errno == EINTR);
  if (n < 0) die("epoll_wait: %s", strerror(errno));
  return n;
}
