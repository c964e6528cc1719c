/* A job for a later second: epoch HOST PORT FUNCTION WORKLOAD SECONDS */
#include "common.h"

int main(int argc, char **argv)
{
  gearman_client_st *client = connect_client(argc, argv);
  time_t when = time(NULL) + atoi(argv[5]);
  gearman_task_attr_t attributes =
      gearman_task_attr_init_epoch(when, GEARMAN_JOB_PRIORITY_NORMAL);
  gearman_argument_t value = gearman_argument_make(NULL, 0, argv[4], strlen(argv[4]));
  gearman_task_st *task = gearman_execute(client, argv[3], strlen(argv[3]), NULL, 0,
                                          &attributes, &value, NULL);
  bool known, running;

  check(client, task ? gearman_task_return(task) : gearman_client_error_code(client));
  check(client, gearman_client_job_status(client, gearman_task_job_handle(task), &known,
                                          &running, NULL, NULL));
  printf("%lld known %d running %d\n", (long long)when, known, running);
  gearman_client_free(client);
  return EXIT_SUCCESS;
}
