/* Tasks side by side, with every callback: tasks HOST PORT FUNCTION... */
#include "common.h"

static gearman_return_t created(gearman_task_st *task)
{
  printf("%s created\n", gearman_task_function_name(task));
  return GEARMAN_SUCCESS;
}

static gearman_return_t data(gearman_task_st *task)
{
  printf("%s data %.*s\n", gearman_task_function_name(task),
         (int)gearman_task_data_size(task), (const char *)gearman_task_data(task));
  return GEARMAN_SUCCESS;
}

static gearman_return_t warning(gearman_task_st *task)
{
  printf("%s warning %.*s\n", gearman_task_function_name(task),
         (int)gearman_task_data_size(task), (const char *)gearman_task_data(task));
  return GEARMAN_SUCCESS;
}

static gearman_return_t status(gearman_task_st *task)
{
  printf("%s status %u/%u\n", gearman_task_function_name(task),
         gearman_task_numerator(task), gearman_task_denominator(task));
  return GEARMAN_SUCCESS;
}

static gearman_return_t complete(gearman_task_st *task)
{
  printf("%s complete %.*s for %s\n", gearman_task_function_name(task),
         (int)gearman_task_data_size(task),
         gearman_task_data_size(task) ? (const char *)gearman_task_data(task) : "",
         (const char *)gearman_task_context(task));
  return GEARMAN_SUCCESS;
}

static gearman_return_t exception(gearman_task_st *task)
{
  printf("%s exception %.*s\n", gearman_task_function_name(task),
         (int)gearman_task_data_size(task), (const char *)gearman_task_data(task));
  return GEARMAN_SUCCESS;
}

static gearman_return_t fail(gearman_task_st *task)
{
  printf("%s fail\n", gearman_task_function_name(task));
  return GEARMAN_SUCCESS;
}

int main(int argc, char **argv)
{
  gearman_client_st *client = connect_client(argc, argv);

  if (!gearman_client_set_server_option(client, "exceptions", 10)) {
    fprintf(stderr, "no exceptions: %s\n", gearman_client_error(client));
    return EXIT_FAILURE;
  }
  gearman_client_set_created_fn(client, created);
  gearman_client_set_data_fn(client, data);
  gearman_client_set_warning_fn(client, warning);
  gearman_client_set_status_fn(client, status);
  gearman_client_set_complete_fn(client, complete);
  gearman_client_set_exception_fn(client, exception);
  gearman_client_set_fail_fn(client, fail);
  for (int at = 3; at < argc; at++) {
    gearman_return_t rc;
    gearman_client_add_task(client, NULL, "the caller", argv[at], NULL, "work", 4, &rc);
    check(client, rc);
  }
  check(client, gearman_client_run_tasks(client));
  gearman_client_free(client);
  return EXIT_SUCCESS;
}
