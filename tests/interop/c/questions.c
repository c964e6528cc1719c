/* Is it there, what can it do: questions HOST PORT */
#include "common.h"

int main(int argc, char **argv)
{
  gearman_client_st *client = connect_client(argc, argv);
  static char large[100000];

  check(client, gearman_client_echo(client, "hello", 5));
  memset(large, 7, sizeof large);
  check(client, gearman_client_echo(client, large, sizeof large));
  printf("exceptions %d\n",
         gearman_client_set_server_option(client, "exceptions", 10));
  printf("unheard of %d\n",
         gearman_client_set_server_option(client, "unheard of", 10));
  check(client, gearman_client_echo(client, "still there", 11));
  gearman_client_free(client);
  return EXIT_SUCCESS;
}
