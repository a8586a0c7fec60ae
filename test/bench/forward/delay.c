// How long a frame takes from one namespace to another: sends UDP frames one at a time with the moment in them, and hears
// from the kernel when each arrived; one client of the load. Prints microseconds, the quickest first: "p50 p99 lost".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LENGTH = 106, STAMP = 14 + 20 + 8, PORT = 20000, MAX = 200000, GAP_NS = 200000, LATE_NS = 200000000 };
static const char MAGIC[8] = "delaying";
static int64_t taken[MAX];
static int count;

static int open_socket(const char *namespace, const char *name, int protocol) {
  int at = open(namespace, O_RDONLY), one = 1;
  if (at < 0 || setns(at, CLONE_NEWNET) != 0) { perror(namespace); exit(1); }
  close(at);
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = if_nametoindex(name)};
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&to, sizeof to) != 0) { perror(name); exit(1); }
  return fd;
}
static int64_t now(int clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}
static void hear(int fd) {
  uint8_t frame[2048];
  char control[256];
  struct iovec vector = {frame, sizeof frame};
  for (;;) {
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int length = recvmsg(fd, &message, MSG_DONTWAIT);
    if (length < 0) return;
    if (length < LENGTH || memcmp(frame + STAMP, MAGIC, sizeof MAGIC) != 0) continue;
    struct timespec at;
    memcpy(&at, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof at);
    int64_t sent;
    memcpy(&sent, frame + STAMP + sizeof MAGIC, sizeof sent);
    if (count < MAX) taken[count++] = at.tv_sec * 1000000000LL + at.tv_nsec - sent;
  }
}
static int order(const void *a, const void *b) {
  int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
  return (one > other) - (one < other);
}
static uint16_t checksum(const uint8_t *at, int length) {
  uint32_t sum = 0;
  for (int i = 0; i + 1 < length; i += 2) sum += at[i] << 8 | at[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

int main(int argc, char **argv) {
  if (argc != 9) return 2; // namespace interface, namespace interface, destination-mac address port seconds
  int out = open_socket(argv[1], argv[2], 0), in = open_socket(argv[3], argv[4], 0x0800);
  uint8_t frame[LENGTH] = {0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 12, 8, 0, 0x45, 0, 0, LENGTH - 14, 0, 0, 0, 0, 64, 17};
  for (int i = 0; i < 6; i++) frame[i] = strtol(argv[5] + i * 3, 0, 16);
  inet_pton(AF_INET, "10.79.0.1", frame + 26);
  inet_pton(AF_INET, argv[6], frame + 30);
  uint16_t sum = htons(checksum(frame + 14, 20)), ports[3] = {htons(PORT), htons(atoi(argv[7])), htons(LENGTH - 34)};
  memcpy(frame + 24, &sum, 2);
  memcpy(frame + 34, ports, sizeof ports); // and no checksum
  memcpy(frame + STAMP, MAGIC, sizeof MAGIC);
  int sends = atof(argv[8]) * 1e9 / GAP_NS;
  int64_t next = now(CLOCK_MONOTONIC);
  for (int i = 0; i < sends; i++) {
    int64_t stamp = now(CLOCK_REALTIME);
    memcpy(frame + STAMP + sizeof MAGIC, &stamp, sizeof stamp);
    send(out, frame, LENGTH, 0);
    next += GAP_NS;
    struct timespec at = {next / 1000000000, next % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, 0);
    hear(in);
  }
  for (int64_t end = now(CLOCK_MONOTONIC) + LATE_NS; count < sends && now(CLOCK_MONOTONIC) < end;) hear(in);
  qsort(taken, count, sizeof *taken, order);
  if (count == 0) return 1;
  printf("%.2f %.2f %d\n", taken[count / 2] / 1e3, taken[count * 99 / 100] / 1e3, sends - count);
  return 0;
}
