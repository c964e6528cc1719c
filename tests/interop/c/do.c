/* Jobs waited for, of every priority: do HOST PORT FUNCTION WORKLOAD [UNIQUE] */
#include "common.h"

typedef void *(do_fn)(gearman_client_st *, const char *, const char *, const void *,
                      size_t, size_t *, gearman_return_t *);

int main(int argc, char **argv)
{
  gearman_client_st *client = connect_client(argc, argv);
  do_fn *kinds[] = {gearman_client_do, gearman_client_do_high, gearman_client_do_low};
  const char *unique = argc > 5 ? argv[5] : NULL;

  for (int kind = 0; kind < 3; kind++) {
    size_t size;
    gearman_return_t rc;
    char *result = kinds[kind](client, argv[3], unique, argv[4], strlen(argv[4]),
                               &size, &rc);
    printf("%s %.*s\n", gearman_strerror(rc), (int)size, result ? result : "");
    free(result);
  }
  gearman_client_free(client);
  return EXIT_SUCCESS;
}
