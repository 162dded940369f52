/* RTP load: N calls, one connected UDP socket each, one 172-byte A-law packet per 20 ms, phases spread over the
 * 20 ms; counts what comes back. Binds, prints "ready", and begins to send at a line on stdin; prints "sent N" when
 * done and goes on receiving until the next line, then prints its counts.
 * load CALLS SECONDS DESTINATION_PORT SOURCE_PORT   (port i is first + 2 i on both sides) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#define MAX_CALLS 4000
static int fd[MAX_CALLS];
static uint16_t seq[MAX_CALLS];
static uint32_t ts[MAX_CALLS];
static int32_t last[MAX_CALLS];
static uint8_t tone[160 * 50];
static uint64_t received, gaps, disorder;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static uint8_t alaw(int sample) {
  int mask = sample >= 0 ? 0xD5 : 0x55, level = (sample >= 0 ? sample : ~sample) >> 4, exponent = 0;
  while (exponent < 7 && level >= (16 << exponent)) exponent++;
  int shifted = exponent ? level >> (exponent - 1) : level;
  return (uint8_t)(((exponent << 4) | (shifted & 15)) ^ mask);
}

static void take(int i) {
  uint8_t data[2048];
  ssize_t size;
  while ((size = recv(fd[i], data, sizeof data, 0)) >= 12) {
    received++;
    uint16_t s = (uint16_t)(data[2] << 8 | data[3]);
    if (last[i] >= 0) {
      int step = (int16_t)(s - (uint16_t)last[i]);
      if (step > 1) gaps += step - 1;
      else if (step < 1) disorder++;
    }
    last[i] = s;
  }
}

static int line_waits(void) {
  struct pollfd p = {.fd = 0, .events = POLLIN};
  return poll(&p, 1, 0) > 0;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  int n = atoi(argv[1]), to = atoi(argv[3]), from = atoi(argv[4]);
  double seconds = atof(argv[2]);
  struct sched_param priority = {.sched_priority = 5};
  sched_setscheduler(0, SCHED_FIFO, &priority);
  prctl(PR_SET_TIMERSLACK, 1000);
  for (int i = 0; i < 8000; i++) tone[i] = alaw((int)(8000 * sin(2 * M_PI * 440 * i / 8000.0)));
  for (int i = 0; i < n; i++) {
    fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(from + 2 * i), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd[i], (void *)&a, sizeof a)) { perror("load: bind"); return 1; }
    a.sin_port = htons(to + 2 * i);
    if (connect(fd[i], (void *)&a, sizeof a)) { perror("load: connect"); return 1; }
    last[i] = -1;
    seq[i] = (uint16_t)rand();
  }
  puts("ready");
  fflush(stdout);
  uint64_t sent = 0, refused = 0;
  long tick = 0, ticks = (long)(seconds * 1000);
  int going = 0, told = 0;
  char line[64];
  for (double start = now();; tick++) {
    double wait = start + tick * 0.001 - now();
    if (wait > 0) {
      struct timespec t = {(time_t)wait, (long)((wait - (time_t)wait) * 1e9)};
      nanosleep(&t, 0);
    }
    if (line_waits()) {
      if (!fgets(line, sizeof line, stdin) || told) break;
      if (!going) { going = 1; tick = 0; start = now(); }
    }
    for (int i = tick % 20; i < n; i += 20) {
      if (going && tick < ticks) {
        uint8_t p[172] = {0x80, 8 | (ts[i] ? 0 : 0x80), seq[i] >> 8, seq[i] & 255};
        uint32_t x = htonl(ts[i]);
        memcpy(p + 4, &x, 4);
        x = htonl(0xC0000000u + i);
        memcpy(p + 8, &x, 4);
        memcpy(p + 12, tone + 160 * ((tick / 20) % 50), 160);
        seq[i]++;
        ts[i] += 160;
        if (send(fd[i], p, 172, 0) == 172) sent++;
        else refused++;
      }
      take(i);
    }
    if (going && tick >= ticks && !told) { told = 1; printf("sent %lu\n", sent); fflush(stdout); }
  }
  for (int i = 0; i < n; i++) take(i);
  printf("{\"sent\": %lu, \"refused\": %lu, \"received\": %lu, \"gaps\": %lu, \"disorder\": %lu}\n", sent, refused, received, gaps, disorder);
  return 0;
}
