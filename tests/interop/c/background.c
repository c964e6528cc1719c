/* Jobs left behind and asked about by handle and by unique: background HOST PORT */
#include "common.h"

static void tell_handle(gearman_client_st *client, const char *handle)
{
  bool known, running;
  uint32_t numerator, denominator;

  check(client, gearman_client_job_status(client, handle, &known, &running,
                                          &numerator, &denominator));
  printf("handle: known %d running %d %u/%u\n", known, running, numerator,
         denominator);
}

static void tell_unique(gearman_client_st *client, const char *unique)
{
  gearman_status_t status =
      gearman_client_unique_status(client, unique, strlen(unique));

  printf("unique %s: %s known %d running %d %u/%u\n", unique,
         gearman_strerror(gearman_status_return(status)),
         gearman_status_is_known(status), gearman_status_is_running(status),
         gearman_status_numerator(status), gearman_status_denominator(status));
}

int main(int argc, char **argv)
{
  gearman_client_st *client = connect_client(argc, argv);
  gearman_job_handle_t normal, high, low, again;

  check(client, gearman_client_do_background(client, "reverse", "one", "abc", 3,
                                             normal));
  check(client, gearman_client_do_high_background(client, "reverse", "two", "abc", 3,
                                                  high));
  check(client, gearman_client_do_low_background(client, "reverse", "three", "abc", 3,
                                                 low));
  check(client, gearman_client_do_background(client, "reverse", "one", "xyz", 3,
                                             again));
  printf("same handle %d, different %d\n", strcmp(normal, again) == 0,
         strcmp(normal, high) != 0 && strcmp(high, low) != 0);
  tell_handle(client, normal);
  tell_handle(client, "H:nobody:1");
  tell_unique(client, "three");
  gearman_client_free(client);

  /* libgearman's client takes no further request after one by unique. */
  client = connect_client(argc, argv);
  tell_unique(client, "four");
  gearman_client_free(client);
  return EXIT_SUCCESS;
}
