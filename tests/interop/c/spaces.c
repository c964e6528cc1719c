/* A client in a namespace, asking the workers of it alone: spaces HOST PORT NAMESPACE */
#include "common.h"

int main(int argc, char **argv)
{
  gearman_client_st *client = connect_client(argc, argv);
  gearman_return_t rc;
  size_t size;

  gearman_client_set_namespace(client, argv[3], strlen(argv[3]));
  char *result = gearman_client_do(client, "names", "u", "x", 1, &size, &rc);
  check(client, rc);
  printf("%.*s\n", (int)size, result);
  free(result);
  gearman_client_free(client);
  return EXIT_SUCCESS;
}
