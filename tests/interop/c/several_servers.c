/* A client or a worker of several servers, which come and go:
 * several_servers client|worker HOST:PORT,HOST:PORT FILE [NAME]
 * The client submits until FILE.stop exists, and prints what it was told; the worker
 * adds a line to the file for each job in the background. */
#include <libgearman/gearman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gearman_return_t record(gearman_job_st *job, void *context)
{
  FILE *file = fopen((const char *)context, "a");

  if (!file) {
    return GEARMAN_FATAL;
  }
  fprintf(file, "%.*s\n", (int)gearman_job_workload_size(job),
          (const char *)gearman_job_workload(job));
  fclose(file);
  return GEARMAN_SUCCESS;
}

static void turn(const char *text, size_t size, char *turned)
{
  for (size_t at = 0; at < size; at++) {
    turned[at] = text[size - 1 - at];
  }
}

static gearman_return_t reverse(gearman_job_st *job, void *context)
{
  char turned[256];
  size_t size = gearman_job_workload_size(job);

  (void)context;
  if (size > sizeof turned) {
    return GEARMAN_FATAL;
  }
  turn(gearman_job_workload(job), size, turned);
  return gearman_job_send_complete(job, turned, size);
}

static int work(const char *servers, char *file)
{
  gearman_worker_st *worker = gearman_worker_create(NULL);

  gearman_worker_add_servers(worker, servers);
  gearman_worker_set_timeout(worker, 500);
  gearman_worker_define_function(worker, "record", 6, gearman_function_create(record),
                                 0, file);
  gearman_worker_define_function(worker, "reverse", 7,
                                 gearman_function_create(reverse), 0, NULL);
  for (;;) {
    if (gearman_failed(gearman_worker_work(worker))) {
      usleep(20000);
    }
  }
}

static void submit(const char *servers, const char *key)
{
  gearman_job_handle_t handle;
  gearman_return_t rc;
  char turned[256];
  size_t length = strlen(key), size;
  /* One that has open connections to several servers may miss an answer. */
  gearman_client_st *client = gearman_client_create(NULL);

  gearman_client_add_servers(client, servers);
  /* It may wait for an answer of one that it has just lost. */
  gearman_client_set_timeout(client, 5000);
  rc = gearman_client_do_background(client, "record", key, key, length, handle);
  printf("%s %s\n", rc == GEARMAN_SUCCESS ? "kept" : "refused", key);
  char *result = gearman_client_do(client, "reverse", NULL, key, length, &size, &rc);
  turn(key, length, turned);
  bool is_right = result && size == length && memcmp(result, turned, size) == 0;
  printf("%s %s\n", is_right ? "answered" : "unanswered", key);
  fflush(stdout);
  free(result);
  gearman_client_free(client);
}

int main(int argc, char **argv)
{
  char stop[4096], key[200];

  if (argc < 4) {
    fprintf(stderr, "usage: several_servers client|worker SERVERS FILE [NAME]\n");
    return EXIT_FAILURE;
  }
  if (strcmp(argv[1], "worker") == 0) {
    return work(argv[2], argv[3]);
  }
  snprintf(stop, sizeof stop, "%s.stop", argv[3]);
  for (int number = 1; access(stop, F_OK) != 0; number++) {
    snprintf(key, sizeof key, "%s-%d", argc > 4 ? argv[4] : "", number);
    submit(argv[2], key);
    usleep(10000);
  }
  return EXIT_SUCCESS;
}
