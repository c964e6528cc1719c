/* A worker of libgearman: worker HOST PORT [NAMESPACE] */
#include <libgearman/gearman.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gearman_return_t reverse(gearman_job_st *job, void *context)
{
  const char *workload = gearman_job_workload(job);
  size_t size = gearman_job_workload_size(job);
  char *reversed = malloc(size + 1);

  (void)context;
  for (size_t at = 0; at < size; at++) {
    reversed[at] = workload[size - 1 - at];
  }
  gearman_return_t rc = gearman_job_send_complete(job, reversed, size);
  free(reversed);
  return rc;
}

/* Sends its progress and its data step by step; the context is the number of steps. */
static gearman_return_t steps(gearman_job_st *job, void *context)
{
  int last = *(int *)context;

  for (int step = 1; step <= last; step++) {
    char data[16];
    int size = snprintf(data, sizeof data, "step %d,", step);
    gearman_job_send_status(job, (uint32_t)step, (uint32_t)last);
    gearman_job_send_data(job, data, (size_t)size);
  }
  gearman_job_send_warning(job, "tired", 5);
  return GEARMAN_SUCCESS;
}

static gearman_return_t fails(gearman_job_st *job, void *context)
{
  (void)job, (void)context;
  return GEARMAN_FATAL;
}

static gearman_return_t raises(gearman_job_st *job, void *context)
{
  (void)context;
  return gearman_job_send_exception(job, "no such thing", 13);
}

/* What the job is called: function, unique. */
static gearman_return_t names(gearman_job_st *job, void *context)
{
  char text[256];
  int size = snprintf(text, sizeof text, "%s %s", gearman_job_function_name(job),
                      gearman_job_unique(job));

  (void)context;
  return gearman_job_send_complete(job, text, (size_t)size);
}

/* The older form of a function: it returns its result. */
static void *shout(gearman_job_st *job, void *context, size_t *result_size,
                   gearman_return_t *ret_ptr)
{
  const char *workload = gearman_job_workload(job);
  char *result = malloc(gearman_job_workload_size(job));

  (void)context;
  *result_size = gearman_job_workload_size(job);
  for (size_t at = 0; at < *result_size; at++) {
    result[at] = (char)toupper((unsigned char)workload[at]);
  }
  *ret_ptr = GEARMAN_SUCCESS;
  return result;
}

/* Splits a text at its spaces, so that each word is a job of the reducer. */
static gearman_return_t split(gearman_job_st *job, void *context)
{
  const char *at = gearman_job_workload(job);
  const char *end = at + gearman_job_workload_size(job);

  (void)context;
  while (at < end) {
    const char *space = memchr(at, ' ', (size_t)(end - at));
    const char *stop = space ? space : end;
    gearman_return_t rc = gearman_job_send_data(job, at, (size_t)(stop - at));
    if (gearman_failed(rc)) {
      return rc;
    }
    at = stop + 1;
  }
  return GEARMAN_SUCCESS;
}

/* Adds up the lengths of the results of all words. */
static gearman_return_t add_up(gearman_aggregator_st *aggregator,
                               gearman_task_st *task, gearman_result_st *result)
{
  char text[16];
  size_t total = 0;

  (void)aggregator;
  for (; task; task = gearman_next(task)) {
    total += gearman_result_size(gearman_task_result(task));
  }
  int size = snprintf(text, sizeof text, "%zu", total);
  return gearman_result_store_value(result, text, (size_t)size);
}

static void define(gearman_worker_st *worker, const char *name,
                   gearman_function_t function, void *context)
{
  gearman_return_t rc = gearman_worker_define_function(worker, name, strlen(name),
                                                       function, 0, context);
  if (gearman_failed(rc)) {
    fprintf(stderr, "%s: %s\n", name, gearman_worker_error(worker));
    exit(EXIT_FAILURE);
  }
}

int main(int argc, char **argv)
{
  gearman_worker_st *worker = gearman_worker_create(NULL);
  int last_step = 3;

  if (argc < 3 ||
      gearman_failed(gearman_worker_add_server(worker, argv[1],
                                               (in_port_t)atoi(argv[2])))) {
    fprintf(stderr, "usage: worker HOST PORT [NAMESPACE]\n");
    return EXIT_FAILURE;
  }
  if (argc > 3) {
    gearman_worker_set_namespace(worker, argv[3], strlen(argv[3]));
  }
  gearman_worker_set_identifier(worker, "c-worker", 8);
  gearman_worker_add_function(worker, "shout", 0, shout, NULL);
  define(worker, "reverse", gearman_function_create(reverse), NULL);
  define(worker, "steps", gearman_function_create(steps), &last_step);
  define(worker, "fails", gearman_function_create(fails), NULL);
  define(worker, "raises", gearman_function_create(raises), NULL);
  define(worker, "names", gearman_function_create(names), NULL);
  define(worker, "split", gearman_function_create_partition(split, add_up), NULL);

  gearman_return_t rc;
  do {
    rc = gearman_worker_work(worker);
  } while (gearman_continue(rc) || rc == GEARMAN_SUCCESS || rc == GEARMAN_WORK_FAIL);
  fprintf(stderr, "%s\n", gearman_worker_error(worker));
  gearman_worker_free(worker);
  return EXIT_FAILURE;
}
