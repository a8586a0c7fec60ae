// The load: UDP frames of many clients (one source port each) out of one interface, in bursts, at a rate or as fast as it
// goes. "claim" instead answers for an address: says by ARP, again and again, that a MAC nobody has is where it lives.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BURST = 32, LENGTH = 106 };

static int open_socket(const char *name) {
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(name)};
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) { perror(name); exit(1); }
  return fd;
}
static void parse_mac(const char *text, uint8_t *mac) {
  for (int i = 0; i < 6; i++) mac[i] = strtol(text + i * 3, 0, 16);
}
static uint16_t checksum(const uint8_t *at, int length, uint32_t sum) {
  for (int i = 0; i + 1 < length; i += 2) sum += at[i] << 8 | at[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}
static void put(uint8_t *at, uint16_t value) { at[0] = value >> 8; at[1] = value; }

static void claim(const char *name, const char *mac, const char *address) {
  uint8_t frame[42] = {255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2};
  parse_mac(mac, frame + 6);
  parse_mac(mac, frame + 22);
  inet_pton(AF_INET, address, frame + 28);
  memcpy(frame + 38, frame + 28, 4);
  for (int fd = open_socket(name);;) {
    send(fd, frame, sizeof frame, 0);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, 0);
  }
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "claim") == 0) claim(argv[2], argv[3], argv[4]);
  if (argc != 8) return 2; // interface destination-mac client vip port rate seconds
  static uint8_t frames[BURST][LENGTH];
  struct mmsghdr messages[BURST] = {0};
  struct iovec vectors[BURST];
  uint8_t *first = frames[0], *ip = first + 14;
  parse_mac(argv[2], first);
  memcpy(first + 6, "\x02\x00\x00\x00\x00\x0c\x08\x00\x45", 9);
  put(ip + 2, LENGTH - 14);
  ip[8] = 64;
  ip[9] = 17;
  inet_pton(AF_INET, argv[3], ip + 12);
  inet_pton(AF_INET, argv[4], ip + 16);
  put(ip + 10, checksum(ip, 20, 0));
  put(ip + 22, atoi(argv[5]));
  put(ip + 24, LENGTH - 34);
  for (int i = 0; i < BURST; i++) {
    memcpy(frames[i], first, LENGTH);
    vectors[i] = (struct iovec){frames[i], LENGTH};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int fd = open_socket(argv[1]), rate = atoi(argv[6]), port = 0;
  long burst_ns = rate > 0 ? 1000000000L * BURST / rate : 0;
  struct timespec now, next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  double end = next.tv_sec + next.tv_nsec / 1e9 + atof(argv[7]);
  do {
    for (int i = 0; i < BURST; i++) {
      uint8_t *udp = frames[i] + 34;
      put(udp, 20000 + port++ % 4000);
      put(udp + 6, 0);
      uint16_t sum = checksum(udp, LENGTH - 34, checksum(frames[i] + 26, 8, 17 + LENGTH - 34) ^ 0xffff);
      put(udp + 6, sum ? sum : 0xffff);
    }
    sendmmsg(fd, messages, BURST, 0);
    if (burst_ns > 0) {
      next.tv_nsec += burst_ns;
      if (next.tv_nsec >= 1000000000) { next.tv_nsec -= 1000000000; next.tv_sec++; }
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, 0);
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (now.tv_sec + now.tv_nsec / 1e9 < end);
  return 0;
}
