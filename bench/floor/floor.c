/* The floor under the media engine: the same work in plain C. One thread, a 20 ms tick; a connected UDP port per call;
 * receive drained and packets sent in 4 parts 5 ms apart; per leg a jitter buffer of 16 slots, A-law decoding, coded audio
 * to play; both directions kept for recording, a second of each call handed to a writer thread that interleaves and
 * appends it and patches the file's header.
 * floor CALLS SECONDS LOCAL_PORT PEER_PORT DIRECTORY
 * Prints "ready"; measures SECONDS of ticks from 1 s after the first packet on; ends at a line on stdin. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#define MAX_CALLS 2000
#define FRAME 160
#define SLOTS 16
#define RING 50
#define PARTS 4
#define QUEUE 4096
typedef struct { int call; uint8_t in[RING][FRAME], out[RING][FRAME]; int oldest; } Chunk;
static int n, fd[MAX_CALLS], file[MAX_CALLS];
static uint8_t slots[MAX_CALLS][SLOTS][FRAME], out[MAX_CALLS][172];
static int64_t held[MAX_CALLS][SLOTS], play[MAX_CALLS], top[MAX_CALLS];
static uint8_t started[MAX_CALLS], filling[MAX_CALLS], speech[RING * FRAME];
static uint8_t ring_in[RING][MAX_CALLS][FRAME], ring_out[RING][MAX_CALLS][FRAME];
static int16_t alaw[256], pcm[MAX_CALLS][FRAME];
static uint64_t received, sent, lost, late_packets;
static Chunk *queue[QUEUE];
static volatile unsigned head, tail;
static volatile int stopping;
static double writer_cpu;

static double clock_of(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void sleep_until(double due) {
  struct timespec t = {(time_t)due, (long)((due - (time_t)due) * 1e9)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0);
}

static void header(uint8_t *h, uint32_t bytes) {
  static const uint8_t fixed[58] = "RIFF\0\0\0\0WAVEfmt \x12\0\0\0\x06\0\x02\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x08\0\0\0fact\x04\0\0\0\0\0\0\0data";
  uint32_t riff = bytes + 50, frames = bytes / 2;
  memcpy(h, fixed, 58);
  memcpy(h + 4, &riff, 4);
  memcpy(h + 46, &frames, 4);
  memcpy(h + 54, &bytes, 4);
}

static void *writer(void *nothing) {
  static uint32_t size[MAX_CALLS];
  static uint8_t both[RING * FRAME * 2], h[58];
  while (!stopping || tail != head) {
    if (tail == head) { usleep(100000); continue; }
    Chunk *c = queue[tail % QUEUE];
    for (int k = 0; k < RING; k++) {
      uint8_t *a = c->in[(c->oldest + k) % RING], *b = c->out[(c->oldest + k) % RING], *to = both + k * FRAME * 2;
      for (int j = 0; j < FRAME; j++) { to[2 * j] = a[j]; to[2 * j + 1] = b[j]; }
    }
    if (pwrite(file[c->call], both, sizeof both, 58 + size[c->call]) < 0) perror("floor: write");
    size[c->call] += sizeof both;
    header(h, size[c->call]);
    if (pwrite(file[c->call], h, 58, 0) < 0) perror("floor: write");
    free(c);
    __sync_synchronize();
    tail++;
  }
  writer_cpu = clock_of(CLOCK_THREAD_CPUTIME_ID);
  return nothing;
}

static void *listener(void *nothing) {
  char line[16];
  if (!fgets(line, sizeof line, stdin)) line[0] = 0;
  stopping = 1;
  return nothing;
}

static void accept_packet(int i, const uint8_t *p, ssize_t size) {
  if (size != 172 || p[0] != 0x80 || (p[1] & 0x7F) != 8) return;
  uint16_t s = (uint16_t)(p[2] << 8 | p[3]);
  received++;
  if (!started[i]) { started[i] = filling[i] = 1; play[i] = (1 << 20) + s; top[i] = play[i] - 1; }
  int ahead = (int16_t)(s - (uint16_t)play[i]);
  if (ahead >= SLOTS) { play[i] += ahead - 1; ahead = 1; }
  if (ahead < 0) { late_packets++; return; }
  int64_t number = play[i] + ahead;
  memcpy(slots[i][number & (SLOTS - 1)], p + 12, FRAME);
  held[i][number & (SLOTS - 1)] = number;
  if (number > top[i]) top[i] = number;
}

static void drain(int ep) {
  static struct epoll_event ready[MAX_CALLS];
  uint8_t p[576];
  int count = epoll_wait(ep, ready, n, 0);
  for (int k = 0; k < count; k++) {
    int i = (int)ready[k].data.u32;
    accept_packet(i, p, recv(fd[i], p, sizeof p, 0));
  }
}

static void play_out(long tick) {
  static uint16_t sequence;
  sequence++;
  for (int i = 0; i < n; i++) {
    uint8_t *frame = ring_in[tick % RING][i], *packet = out[i];
    int64_t depth = top[i] - play[i] + 1;
    if (started[i] && filling[i] && depth >= 2) filling[i] = 0;
    int slot = play[i] & (SLOTS - 1), run = started[i] && !filling[i], have = run && held[i][slot] == play[i];
    if (have) memcpy(frame, slots[i][slot], FRAME);
    else memset(frame, 0xD5, FRAME);
    if (have || (run && depth > 0)) play[i]++;
    if (run && !have) { if (depth > 0) lost++; else filling[i] = 1; }
    for (int j = 0; j < FRAME; j++) pcm[i][j] = alaw[frame[j]];
    uint32_t stamp = htonl((uint32_t)tick * FRAME);
    packet[2] = sequence >> 8;
    packet[3] = sequence & 255;
    memcpy(packet + 4, &stamp, 4);
    memcpy(packet + 12, speech + FRAME * ((tick + i) % RING), FRAME);
    memcpy(ring_out[tick % RING][i], packet + 12, FRAME);
  }
  for (int i = (tick + 1) % RING; i < n; i += RING) {
    Chunk *c = malloc(sizeof *c);
    c->call = i;
    c->oldest = (tick + 1) % RING;
    for (int k = 0; k < RING; k++) { memcpy(c->in[k], ring_in[k][i], FRAME); memcpy(c->out[k], ring_out[k][i], FRAME); }
    queue[head % QUEUE] = c;
    __sync_synchronize();
    head++;
  }
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  n = atoi(argv[1]);
  long ticks = (long)(atof(argv[2]) * 50), measured = -50;
  int local = atoi(argv[3]), peer = atoi(argv[4]), ep = epoll_create1(0);
  pthread_t thread, ear;
  pthread_create(&thread, 0, writer, 0);
  pthread_create(&ear, 0, listener, 0);
  struct sched_param priority = {.sched_priority = 10};
  sched_setscheduler(0, SCHED_FIFO, &priority);
  prctl(PR_SET_TIMERSLACK, 1000);
  for (int i = 0; i < 256; i++) {
    int code = i ^ 0x55, exponent = (code >> 4) & 7, level = ((code & 15) << 4) + (exponent ? 0x108 : 8);
    level <<= exponent > 1 ? exponent - 1 : 0;
    alaw[i] = (int16_t)(code & 0x80 ? level : -level);
  }
  for (int i = 0; i < RING * FRAME; i++) speech[i] = (uint8_t)rand();
  for (int i = 0; i < n; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.wav", argv[5], i);
    file[i] = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(local + 2 * i), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd[i], (void *)&a, sizeof a)) { perror("floor: bind"); return 1; }
    a.sin_port = htons(peer + 2 * i);
    if (connect(fd[i], (void *)&a, sizeof a)) { perror("floor: connect"); return 1; }
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
    epoll_ctl(ep, EPOLL_CTL_ADD, fd[i], &e);
    out[i][0] = 0x80;
    out[i][1] = 8;
  }
  puts("ready");
  fflush(stdout);
  double *lateness = calloc(ticks, sizeof *lateness), from = 0, cpu = 0, start = clock_of(CLOCK_MONOTONIC);
  for (long tick = 0; !stopping; tick++) {
    double due = start + tick * 0.02;
    sleep_until(due);
    double late = clock_of(CLOCK_MONOTONIC) - due;
    if (received && measured < ticks) {
      if (measured >= 0) lateness[measured] = late;
      if (measured == 0) from = clock_of(CLOCK_THREAD_CPUTIME_ID);
      if (++measured == ticks) { cpu = clock_of(CLOCK_THREAD_CPUTIME_ID) - from; puts("measured"); fflush(stdout); }
    }
    for (int part = 0; part < PARTS; part++) {
      if (part) sleep_until(due + part * 0.005);
      drain(ep);
      if (!part) play_out(tick);
      for (int i = part; i < n; i += PARTS) if (send(fd[i], out[i], 172, 0) == 172) sent++;
    }
  }
  drain(ep);
  pthread_join(thread, 0);
  qsort(lateness, ticks, sizeof *lateness, by_size);
  printf("{\"cpu\": %.6f, \"ticks\": %ld, \"received\": %lu, \"sent\": %lu, \"lost\": %lu, \"late\": %lu, \"writer_cpu\": %.6f, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}\n",
         cpu, ticks, received, sent, lost, late_packets, writer_cpu, lateness[ticks / 2] * 1e3, lateness[(long)(ticks * 0.99)] * 1e3, lateness[ticks - 1] * 1e3);
  return 0;
}
