// Filters in the kernel: what is not about our identifiers and ports must not wake us or fill our
// buffer.
// A raw IPv4 socket sees the packet from its IP header on, an ICMPv6 one from the ICMP header.
#include "filter.h"

#include "limits.h"

#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <sys/socket.h>

namespace flint {
namespace {

constexpr int SOL_RAW_LEVEL = 255;
constexpr int ICMP_FILTER_OPTION = 1;
constexpr uint32_t IDENTIFIER_MASK = 0x10000 - 2 * IDENTIFIERS_MAX;
// Slots of TTL-limited probes stand in their payload in the order of this machine's bytes; read in
// the network's, their upper half is this: INFLIGHT_MAX is 0x100000, and they are few.
constexpr uint32_t SLOT_MARK = 0x1000;
static_assert(INFLIGHT_MAX == 0x100000 && PROBES_MAX <= 0x10000);
constexpr uint32_t PORT_MASK = 0x10000 - FLOWS_MAX;
constexpr uint32_t ACCEPT = 0xffffffff;

int attach(int fd, sock_filter *code, size_t length) {
  sock_fprog program{static_cast<unsigned short>(length), code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? 0 : errno;
}

constexpr sock_filter statement(uint32_t code, uint32_t k) {
  return {static_cast<uint16_t>(code), 0, 0, k};
}

constexpr sock_filter jump(uint32_t code, uint32_t k, uint8_t yes, uint8_t no) {
  return {static_cast<uint16_t>(code), yes, no, k};
}

} // namespace

int filter_icmp4(int fd, const Filter &ours) {
  // Types 0 echo reply, 3 unreachable, 11 time exceeded, 12 parameter problem.
  uint32_t blocked = ~((1u << 0) | (1u << 3) | (1u << 11) | (1u << 12));
  if (setsockopt(fd, SOL_RAW_LEVEL, ICMP_FILTER_OPTION, &blocked, sizeof blocked) != 0) {
    return errno;
  }
  sock_filter code[] = {
      statement(BPF_LDX | BPF_B | BPF_MSH, 0),  // X = IP header length
      statement(BPF_LD | BPF_B | BPF_IND, 0),   // ICMP type
      jump(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3), // a reply?
      statement(BPF_LD | BPF_H | BPF_IND, 4),   // its identifier
      statement(BPF_ALU | BPF_AND | BPF_K, IDENTIFIER_MASK),
      jump(BPF_JMP | BPF_JEQ | BPF_K, ours.identifier & IDENTIFIER_MASK, 19, 20),
      statement(BPF_LD | BPF_B | BPF_IND, 8 + 9), // an error: the protocol it quotes
      statement(BPF_ST, 0),
      statement(BPF_LD | BPF_B | BPF_IND, 8), // quoted version and header length
      statement(BPF_ALU | BPF_AND | BPF_K, 15),
      statement(BPF_ALU | BPF_LSH | BPF_K, 2),
      statement(BPF_ALU | BPF_ADD | BPF_X, 0), // + outer header
      statement(BPF_MISC | BPF_TAX, 0),
      statement(BPF_LD | BPF_MEM, 0),
      jump(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 5, 0),
      jump(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0),
      jump(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 9), // neither → drop
      statement(BPF_LD | BPF_H | BPF_IND, 8),             // quoted source port
      statement(BPF_ALU | BPF_AND | BPF_K, PORT_MASK),
      jump(BPF_JMP | BPF_JEQ | BPF_K, ours.port & PORT_MASK, 5, 3),
      statement(BPF_LD | BPF_H | BPF_IND, 8 + 4), // quoted identifier
      statement(BPF_ALU | BPF_AND | BPF_K, IDENTIFIER_MASK),
      jump(BPF_JMP | BPF_JEQ | BPF_K, ours.identifier & IDENTIFIER_MASK, 2, 0),
      // Neither is ours, or a translator changed it: then the slot in the payload is ours still.
      statement(BPF_LD | BPF_H | BPF_IND, 8 + 8 + 2),
      jump(BPF_JMP | BPF_JEQ | BPF_K, SLOT_MARK, 0, 1),
      statement(BPF_RET | BPF_K, ACCEPT),
      statement(BPF_RET | BPF_K, 0),
  };
  return attach(fd, code, sizeof code / sizeof code[0]);
}

int filter_icmp6(int fd, const Filter &ours) {
  icmp6_filter types;
  ICMP6_FILTER_SETBLOCKALL(&types);
  for (int type : {ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED, ICMP6_PARAM_PROB,
                   ICMP6_ECHO_REPLY}) {
    ICMP6_FILTER_SETPASS(type, &types);
  }
  if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &types, sizeof types) != 0) {
    return errno;
  }
  sock_filter code[] = {
      statement(BPF_LD | BPF_B | BPF_ABS, 0),
      jump(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO_REPLY, 0, 3),
      statement(BPF_LD | BPF_H | BPF_ABS, 4), // its identifier
      statement(BPF_ALU | BPF_AND | BPF_K, IDENTIFIER_MASK),
      jump(BPF_JMP | BPF_JEQ | BPF_K, ours.identifier & IDENTIFIER_MASK, 12, 13),
      statement(BPF_LD | BPF_B | BPF_ABS, 8 + 6), // an error: the next header it quotes
      jump(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 5, 0),
      jump(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0),
      jump(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 9), // neither → drop
      statement(BPF_LD | BPF_H | BPF_ABS, 8 + 40),        // quoted source port
      statement(BPF_ALU | BPF_AND | BPF_K, PORT_MASK),
      jump(BPF_JMP | BPF_JEQ | BPF_K, ours.port & PORT_MASK, 5, 3),
      statement(BPF_LD | BPF_H | BPF_ABS, 8 + 40 + 4), // quoted identifier
      statement(BPF_ALU | BPF_AND | BPF_K, IDENTIFIER_MASK),
      jump(BPF_JMP | BPF_JEQ | BPF_K, ours.identifier & IDENTIFIER_MASK, 2, 0),
      statement(BPF_LD | BPF_H | BPF_ABS, 8 + 40 + 8 + 2), // as above
      jump(BPF_JMP | BPF_JEQ | BPF_K, SLOT_MARK, 0, 1),
      statement(BPF_RET | BPF_K, ACCEPT),
      statement(BPF_RET | BPF_K, 0),
  };
  return attach(fd, code, sizeof code / sizeof code[0]);
}

int filter_ports(int fd, int family, uint16_t port) {
  // X = what stands before the header: only IPv4 hands it over.
  sock_filter code[] = {
      family == AF_INET ? statement(BPF_LDX | BPF_B | BPF_MSH, 0)
                        : statement(BPF_LDX | BPF_W | BPF_IMM, 0),
      statement(BPF_LD | BPF_H | BPF_IND, 2), // destination port
      statement(BPF_ALU | BPF_AND | BPF_K, PORT_MASK),
      jump(BPF_JMP | BPF_JEQ | BPF_K, port & PORT_MASK, 0, 1),
      statement(BPF_RET | BPF_K, ACCEPT),
      statement(BPF_RET | BPF_K, 0),
  };
  return attach(fd, code, sizeof code / sizeof code[0]);
}

int filter_all(int fd) {
  // The kernel looks at the types before it copies a packet for a socket, at the program after it.
  const uint32_t blocked = UINT32_MAX;
  if (setsockopt(fd, SOL_RAW_LEVEL, ICMP_FILTER_OPTION, &blocked, sizeof blocked) != 0) {
    return errno;
  }
  sock_filter code[] = {statement(BPF_RET | BPF_K, 0)};
  return attach(fd, code, 1);
}

} // namespace flint
