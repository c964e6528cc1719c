/* What every client here begins with: its job server, named by the arguments. */
#include <libgearman/gearman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline gearman_client_st *connect_client(int argc, char **argv)
{
  gearman_client_st *client = gearman_client_create(NULL);

  if (argc < 3 || gearman_failed(gearman_client_add_server(
                      client, argv[1], (in_port_t)atoi(argv[2])))) {
    fprintf(stderr, "usage: %s HOST PORT ...\n", argv[0]);
    exit(EXIT_FAILURE);
  }
  return client;
}

static inline void check(gearman_client_st *client, gearman_return_t rc)
{
  if (gearman_failed(rc)) {
    fprintf(stderr, "%s: %s\n", gearman_strerror(rc), gearman_client_error(client));
    exit(EXIT_FAILURE);
  }
}
