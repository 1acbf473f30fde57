/*
 * Runs a command and prints one line of JSON: what it took, and what else the machine did meanwhile.
 *
 *   measure [--feed BYTES] [--drain] -- COMMAND ARG…
 *
 * --feed   stdin is a pipe that gets BYTES random bytes (made before the clock starts)
 * --drain  stdout is a pipe whose bytes are counted and dropped without a copy
 * The feeder's and drain's own CPU counts for nobody; `otherCpu` is the rest of the machine, the server included.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATTERN (64 << 20)

static char *pattern;
static uint64_t feed_bytes, drained_bytes;
static int feed_fd, drain_fd;

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* CPU seconds that all processes of the machine have used. */
static double machine_cpu(void) {
  unsigned long long user, nice, system, idle, wait, irq, softirq, steal;
  FILE *file = fopen("/proc/stat", "r");
  if (!file || fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq,
                      &softirq, &steal) != 8)
    return 0;
  fclose(file);
  return (double)(user + nice + system + irq + softirq) / sysconf(_SC_CLK_TCK);
}

static void *feed(void *unused) {
  (void)unused;
  for (uint64_t at = 0; at < feed_bytes;) {
    uint64_t offset = at % PATTERN, step = PATTERN - offset;
    if (step > 1 << 20) step = 1 << 20;
    if (step > feed_bytes - at) step = feed_bytes - at;
    ssize_t n = write(feed_fd, pattern + offset, step);
    if (n <= 0) break;
    at += n;
  }
  close(feed_fd);
  return NULL;
}

static void *drain(void *unused) {
  (void)unused;
  int null = open("/dev/null", O_WRONLY);
  ssize_t n;
  while ((n = splice(drain_fd, NULL, null, NULL, 1 << 20, 0)) > 0) drained_bytes += n;
  return NULL;
}

static void make_pattern(void) {
  pattern = malloc(PATTERN);
  for (size_t at = 0; at < PATTERN; at += 256)
    if (getrandom(pattern + at, 256, 0) < 0) exit(1);
}

int main(int argc, char **argv) {
  int at = 1, drains = 0, in[2], out[2], go[2];
  for (; at < argc && strcmp(argv[at], "--"); at++) {
    if (!strcmp(argv[at], "--feed") && at + 1 < argc) feed_bytes = strtoull(argv[++at], NULL, 10);
    else if (!strcmp(argv[at], "--drain")) drains = 1;
  }
  if (at + 1 >= argc) return fprintf(stderr, "usage: measure [--feed BYTES] [--drain] -- COMMAND…\n"), 2;
  signal(SIGPIPE, SIG_IGN);
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(go, O_CLOEXEC)) return 1;
  pid_t child = fork(); /* before the pattern is made: what was resident at the fork counts as the child's */
  if (child == 0) {
    char byte;
    if (read(go[0], &byte, 1) != 1) _exit(127);
    signal(SIGPIPE, SIG_DFL);
    if (feed_bytes) dup2(in[0], 0);
    if (drains) dup2(out[1], 1);
    execvp(argv[at + 1], argv + at + 1);
    _exit(127);
  }
  if (feed_bytes) make_pattern();
  struct rusage use, own;
  getrusage(RUSAGE_SELF, &own);
  double machine = machine_cpu(), start = now(), before = seconds(own.ru_utime) + seconds(own.ru_stime);
  if (write(go[1], "", 1) != 1) return 1;
  pthread_t feeder, drainer;
  if (feed_bytes) close(in[0]), feed_fd = in[1], pthread_create(&feeder, NULL, feed, NULL);
  if (drains) close(out[1]), drain_fd = out[0], pthread_create(&drainer, NULL, drain, NULL);
  int status;
  wait4(child, &status, 0, &use);
  if (drains) pthread_join(drainer, NULL);
  double wall = now() - start, cpu = seconds(use.ru_utime) + seconds(use.ru_stime);
  getrusage(RUSAGE_SELF, &own);
  double mine = seconds(own.ru_utime) + seconds(own.ru_stime) - before, other = machine_cpu() - machine - cpu - mine;
  printf("{\"status\":%d,\"wall\":%.3f,\"user\":%.3f,\"sys\":%.3f,\"cpu\":%.3f,\"rssMiB\":%.0f,\"otherCpu\":%.2f,"
         "\"drained\":%" PRIu64 "}\n",
         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), wall, seconds(use.ru_utime),
         seconds(use.ru_stime), cpu, use.ru_maxrss / 1024.0, other, drained_bytes);
  return 0;
}
