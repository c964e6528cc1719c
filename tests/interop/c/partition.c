/* Map and reduce: partition HOST PORT PARTITIONER REDUCER TEXT */
#include "common.h"

int main(int argc, char **argv)
{
  gearman_client_st *client = connect_client(argc, argv);
  gearman_argument_t text = gearman_argument_make(NULL, 0, argv[5], strlen(argv[5]));
  gearman_task_st *task = gearman_execute_by_partition(
      client, argv[3], strlen(argv[3]), argv[4], strlen(argv[4]), NULL, 0, NULL, &text,
      NULL);

  check(client, task ? gearman_task_return(task) : gearman_client_error_code(client));
  gearman_result_st *result = gearman_task_result(task);
  printf("%.*s\n", (int)gearman_result_size(result), gearman_result_value(result));
  gearman_client_free(client);
  return EXIT_SUCCESS;
}
