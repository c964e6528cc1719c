/* Preloaded into a job server: its disk fails and its calendar jumps when a test says
 * so, in the file that GEARTRAIN_FAULTS names. Everything else is the real thing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* An errno each, or 0; and seconds to add to the calendar's time. */
struct faults {
  int32_t write;
  int32_t sync;
  int64_t jump;
};

static volatile struct faults *faults;

__attribute__((constructor)) static void open_faults(void) {
  const char *name = getenv("GEARTRAIN_FAULTS");
  int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) abort();
  void *mapped = mmap(NULL, sizeof *faults, PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) abort();
  close(file);
  faults = mapped;
}

static int fails(int code) {
  if (code == 0) return 0;
  errno = code;
  return 1;
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite64");
  return fails(faults->write) ? -1 : real(file, data, size, offset);
}

int fdatasync(int file) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fdatasync");
  return fails(faults->sync) ? -1 : real(file);
}

int fsync(int file) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fsync");
  return fails(faults->sync) ? -1 : real(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += faults->jump;
  return result;
}
