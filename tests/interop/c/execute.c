/* gearman_execute in the foreground and the background: execute HOST PORT FUNCTION */
#include "common.h"

int main(int argc, char **argv)
{
  gearman_client_st *client = connect_client(argc, argv);
  gearman_argument_t value = gearman_argument_make(NULL, 0, "workload", 8);
  gearman_task_attr_t background =
      gearman_task_attr_init_background(GEARMAN_JOB_PRIORITY_LOW);
  gearman_task_st *task = gearman_execute(client, argv[3], strlen(argv[3]), NULL, 0,
                                          NULL, &value, NULL);

  check(client, task ? gearman_task_return(task) : gearman_client_error_code(client));
  gearman_result_st *result = gearman_task_result(task);
  printf("%.*s\n", (int)gearman_result_size(result), gearman_result_value(result));

  task = gearman_execute(client, argv[3], strlen(argv[3]), NULL, 0, &background,
                         &value, NULL);
  check(client, task ? gearman_task_return(task) : gearman_client_error_code(client));
  printf("%s\n", gearman_task_job_handle(task));
  gearman_client_free(client);
  return EXIT_SUCCESS;
}
