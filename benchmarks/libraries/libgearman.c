/* A worker and a client of the C library, its server named by the environment:
 *     libgearman work
 *     libgearman result JOBS     jobs waited for one by one */
#include <libgearman/gearman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM_UP = 20, SIZE = 64 };

static double seconds(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

_Noreturn static void fail(const char *what)
{
  fprintf(stderr, "%s\n", what);
  exit(EXIT_FAILURE);
}

static gearman_return_t noop(gearman_job_st *job, void *context)
{
  (void)job, (void)context;
  return GEARMAN_SUCCESS;
}

static gearman_return_t answer(gearman_job_st *job, void *context)
{
  (void)context;
  return gearman_job_send_complete(job, gearman_job_workload(job),
                                   gearman_job_workload_size(job));
}

static int work(const char *server)
{
  gearman_worker_st *worker = gearman_worker_create(NULL);
  gearman_worker_add_servers(worker, server);
  gearman_worker_define_function(worker, "noop", 4, gearman_function_create(noop), 0,
                                 NULL);
  gearman_worker_define_function(worker, "answer", 6, gearman_function_create(answer),
                                 0, NULL);
  while (gearman_success(gearman_worker_work(worker)))
    ;
  fail(gearman_worker_error(worker));
  return EXIT_FAILURE;
}

static void call(gearman_client_st *client, const char *workload)
{
  size_t size;
  gearman_return_t rc;
  char *result = gearman_client_do(client, "answer", NULL, workload, SIZE, &size, &rc);
  if (gearman_failed(rc)) fail(gearman_client_error(client));
  if (size != SIZE || memcmp(result, workload, SIZE) != 0)
    fail("a job did not answer its workload");
  free(result);
}

static int compare(const void *left, const void *right)
{
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static int result(const char *server, long jobs)
{
  gearman_client_st *client = gearman_client_create(NULL);
  double *times = calloc((size_t)jobs, sizeof(double));
  char workload[SIZE];

  memset(workload, 'x', SIZE);
  gearman_client_add_servers(client, server);
  for (int i = 0; i < WARM_UP; i++) call(client, workload);
  double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
  for (long i = 0; i < jobs; i++) {
    double began = seconds(CLOCK_MONOTONIC);
    call(client, workload);
    times[i] = seconds(CLOCK_MONOTONIC) - began;
  }
  wall = seconds(CLOCK_MONOTONIC) - wall;
  cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  qsort(times, (size_t)jobs, sizeof(double), compare);
  printf("{\"jobs\": %ld, \"wall\": %.9f, \"cpu\": %.9f, \"p50\": %.3f}\n", jobs, wall,
         cpu, times[jobs / 2] * 1e6);
  return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
  const char *server = getenv("BENCH_SERVER");
  if (server && argc == 2 && strcmp(argv[1], "work") == 0) return work(server);
  if (server && argc == 3 && atol(argv[2]) > 0) return result(server, atol(argv[2]));
  fail("usage: BENCH_SERVER=HOST:PORT libgearman work | result JOBS");
}
