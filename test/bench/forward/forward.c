// The yardstick: the smallest packet forwarder that C can be. Frames from one interface to another in batches of 64 by
// recvmmsg and sendmmsg, MACs rewritten; with "nat" also destination, port, TTL and checksums. No table, no decisions.
// Of the family of the server's address.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, VNET = 10, SLOT = 65536 + 256 };
static uint8_t frames[BATCH][SLOT];
static struct mmsghdr messages[BATCH];
static struct iovec vectors[BATCH];

static int open_socket(const char *name, int protocol) {
  int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1, size = 8 << 20;
  struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
  at.sll_ifindex = if_nametoindex(name);
  setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one);
  setsockopt(fd, SOL_PACKET, 23 /* PACKET_IGNORE_OUTGOING */, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) { perror(name); exit(1); }
  return fd;
}

static uint16_t word(const uint8_t *at) { return at[0] << 8 | at[1]; }
static void put(uint8_t *at, uint16_t value) { at[0] = value >> 8; at[1] = value; }
static uint16_t fold(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

static void rewrite6(uint8_t *ip, const uint8_t *server, uint16_t port) {
  uint8_t *udp = ip + 40;
  uint32_t change = 0;
  for (int i = 0; i < 16; i += 2) change += (uint16_t)~word(ip + 24 + i) + word(server + i);
  memcpy(ip + 24, server, 16);
  ip[7]--;
  change += (uint16_t)~word(udp + 2) + port;
  put(udp + 2, port);
  put(udp + 6, ~fold((uint16_t)~word(udp + 6) + change));
}

static void rewrite(uint8_t *ip, const uint8_t *server, uint16_t port) {
  uint8_t *udp = ip + (ip[0] & 15) * 4;
  uint32_t change = 0;
  for (int i = 0; i < 4; i += 2) change += (uint16_t)~word(ip + 16 + i) + word(server + i);
  memcpy(ip + 16, server, 4);
  ip[8]--;
  put(ip + 10, ~fold((uint16_t)~word(ip + 10) + change + 0xfeff));
  change += (uint16_t)~word(udp + 2) + port;
  put(udp + 2, port);
  if (word(udp + 6) != 0) put(udp + 6, ~fold((uint16_t)~word(udp + 6) + change));
}

int main(int argc, char **argv) {
  if (argc != 8) return 2; // in out dr|nat destination-mac source-mac server port
  int nat = strcmp(argv[3], "nat") == 0, is6 = strchr(argv[6], ':') != 0;
  int in = open_socket(argv[1], is6 ? 0x86dd : 0x0800), out = open_socket(argv[2], 0);
  uint8_t macs[12], server[16];
  for (int i = 0; i < 12; i++) macs[i] = strtol(argv[4 + i / 6] + i % 6 * 3, 0, 16);
  inet_pton(is6 ? AF_INET6 : AF_INET, argv[6], server);
  uint16_t port = atoi(argv[7]);
  for (int i = 0; i < BATCH; i++) {
    vectors[i].iov_base = frames[i];
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  puts("ready");
  fflush(stdout);
  for (struct pollfd wait = {.fd = in, .events = POLLIN};;) {
    ppoll(&wait, 1, 0, 0);
    for (int i = 0; i < BATCH; i++) vectors[i].iov_len = SLOT;
    int count = recvmmsg(in, messages, BATCH, MSG_DONTWAIT, 0);
    for (int i = 0; i < count; i++) {
      uint8_t *frame = frames[i] + VNET;
      memcpy(frame, macs, 12);
      if (is6 && nat) rewrite6(frame + 14, server, port);
      else if (is6) frame[14 + 7]--;
      else if (nat) rewrite(frame + 14, server, port);
      else {
        frame[14 + 8]--;
        put(frame + 24, ~fold((uint16_t)~word(frame + 24) + 0xfeff));
      }
      vectors[i].iov_len = messages[i].msg_len;
    }
    for (int done = 0; done < count;) {
      int sent = sendmmsg(out, messages + done, count - done, MSG_DONTWAIT);
      done += sent > 0 ? sent : 1;
    }
  }
}
