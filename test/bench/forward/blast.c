// The load: UDP frames of many clients (4,000 source ports each) out of one interface, in bursts, at a rate or as fast as
// it goes; the clients one after the other, or each time another one, so that no cache has what a table knows of him.
// "claim" instead answers for an address: says, again and again, that a MAC nobody has is where it lives.
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

enum { BURST = 32, PAYLOAD = 64, UDP = 8, CLIENT_PORTS = 4000, FIRST_PORT = 20000, LENGTH_MAX = 14 + 40 + UDP + PAYLOAD };

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

// RFC 4861 §4.4: an advertisement to all nodes that overrides what they knew.
static void claim6(const char *name, const char *mac, const char *address) {
  uint8_t frame[86] = {51, 51, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255};
  uint8_t *ip = frame + 14, *message = ip + 40;
  parse_mac(mac, frame + 6);
  inet_pton(AF_INET6, address, ip + 8);
  inet_pton(AF_INET6, "ff02::1", ip + 24);
  message[0] = 136;
  message[4] = 0x20;
  memcpy(message + 8, ip + 8, 16);
  message[24] = 2;
  message[25] = 1;
  parse_mac(mac, message + 26);
  put(message + 2, checksum(ip + 8, 64, 58 + 32));
  for (int fd = open_socket(name);;) {
    send(fd, frame, sizeof frame, 0);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, 0);
  }
}

static void claim(const char *name, const char *mac, const char *address) {
  if (strchr(address, ':')) claim6(name, mac, address);
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

// The headers that all frames share; answers where the UDP header is.
static int begin(uint8_t *frame, const char *mac, const char *vip) {
  uint8_t *ip = frame + 14;
  parse_mac(mac, frame);
  memcpy(frame + 6, "\x02\x00\x00\x00\x00\x0c", 6);
  if (strchr(vip, ':')) {
    put(frame + 12, 0x86dd);
    ip[0] = 0x60;
    put(ip + 4, UDP + PAYLOAD);
    ip[6] = 17;
    ip[7] = 64;
    inet_pton(AF_INET6, "2001:db8:79::", ip + 8);
    inet_pton(AF_INET6, vip, ip + 24);
    return 14 + 40;
  }
  put(frame + 12, 0x0800);
  ip[0] = 0x45;
  put(ip + 2, 20 + UDP + PAYLOAD);
  ip[8] = 64;
  ip[9] = 17;
  inet_pton(AF_INET, "10.79.0.0", ip + 12);
  inet_pton(AF_INET, vip, ip + 16);
  return 14 + 20;
}
static void from(uint8_t *frame, int udp, int client) {
  uint8_t *ip = frame + 14;
  int is6 = udp == 14 + 40;
  put(ip + (is6 ? 22 : 14), 1 + client / CLIENT_PORTS);
  if (!is6) {
    put(ip + 10, 0);
    put(ip + 10, checksum(ip, 20, 0));
  }
  put(frame + udp, FIRST_PORT + client % CLIENT_PORTS);
  put(frame + udp + 6, 0);
  // From the addresses on, which are right before the UDP header.
  int addresses = is6 ? 32 : 8;
  uint16_t sum = checksum(frame + udp - addresses, addresses + UDP + PAYLOAD, 17 + UDP + PAYLOAD);
  put(frame + udp + 6, sum ? sum : 0xffff);
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "claim") == 0) claim(argv[2], argv[3], argv[4]);
  if (argc != 9) return 2; // interface destination-mac vip port rate seconds clients each|any
  static uint8_t frames[BURST][LENGTH_MAX];
  struct mmsghdr messages[BURST] = {0};
  struct iovec vectors[BURST];
  int udp = 0, clients = atoi(argv[7]), any = strcmp(argv[8], "any") == 0;
  for (int i = 0; i < BURST; i++) {
    udp = begin(frames[i], argv[2], argv[3]);
    put(frames[i] + udp + 2, atoi(argv[4]));
    put(frames[i] + udp + 4, UDP + PAYLOAD);
    vectors[i] = (struct iovec){frames[i], udp + UDP + PAYLOAD};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int fd = open_socket(argv[1]), rate = atoi(argv[5]), next_client = 0;
  uint32_t random = 2463534242;
  long burst_ns = rate > 0 ? 1000000000L * BURST / rate : 0;
  struct timespec now, next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  double end = next.tv_sec + next.tv_nsec / 1e9 + atof(argv[6]);
  do {
    for (int i = 0; i < BURST; i++) {
      random ^= random << 13, random ^= random >> 17, random ^= random << 5;
      from(frames[i], udp, any ? random % clients : next_client++ % clients);
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
