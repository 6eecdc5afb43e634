// Paths: rows of hops that end at a host, and which destinations take which. A packet walks its
// path hop by hop until its TTL runs out, somebody drops it, or it is there.
#ifndef LAB_PATH_H
#define LAB_PATH_H

#include "datagram.h"
#include "words.h"

enum {
  PATHS_MAX = 32,
  HOPS_MAX = 64,
  ADDRESSES_MAX = 32,
  LABELS_MAX = 8,
  PORTS_MAX = 16,
  ROUTES_MAX = 256,
  NAME_BYTES_MAX = 32,
  QUOTE_MIN = -1
};

typedef enum { LOSS, SILENCE, DUPLICATE, REORDER, EFFECTS } Effect;
typedef enum { BY_FLOW, BY_PORTS, BY_PACKET } Choice;
typedef enum { STATE_SILENT, STATE_ANSWER, STATE_CLOSED, STATE_PROHIBITED, STATES } State;

typedef enum {
  REWRITE_SOURCE_PORT,
  REWRITE_DESTINATION_PORT,
  REWRITE_CHECKSUM,
  REWRITE_TTL,
  REWRITE_LENGTH,
  REWRITES
} Rewrite;

typedef struct {
  Address address[2]; // by family: 0 is IPv4
  bool has_address[2];
} Alias;

typedef struct {
  bool is_set;
  uint16_t port;
  State state;
} Port;

// What is said instead of passing a packet on; type and code as RFC 792 and RFC 4443 number them.
typedef struct {
  const char *name;
  uint8_t type_v4, code_v4, type_v6, code_v6;
} IcmpError;

typedef struct {
  Address addresses[2][ADDRESSES_MAX];
  uint32_t address_count[2];
  Choice choice;
  uint32_t salt;
  int64_t delay_ns, jitter_ns; // of the link to this hop, there and back together
  int64_t answer_delay_ns, answer_jitter_ns;
  When when[EFFECTS];
  uint32_t copies;
  int64_t copy_gap_ns, reorder_ns;
  double rate; // answers a second; 0: no limit
  uint32_t burst;
  int quote_bytes; // or QUOTE_MIN
  bool has_length; // says how long the quote is when more follows (RFC 4884)
  uint32_t labels[LABELS_MAX], label_count;
  Alias quoted_source, quoted_destination;
  int32_t rewrites[REWRITES];   // -1: left as it is
  uint32_t ttl;                 // that answers set out with
  uint32_t mtu;                 // behind this hop; 0: no limit
  const IcmpError *unreachable; // nothing is behind this hop
  bool is_filtered[SERVICES];   // does not pass this hop
  uint32_t loop_to;             // what passes this hop comes to that one; 0: to the next
  State states[SERVICES];       // of the host
  Port ports[PORTS_MAX];        // of the host, where not as the states say
} Settings;

typedef struct {
  Settings settings;
  // What it has seen and done.
  uint64_t count[EFFECTS];
  uint32_t run[EFFECTS];
  double tokens;
  int64_t tokens_ns;
} Hop;

typedef struct {
  char name[NAME_BYTES_MAX];
  Hop hops[HOPS_MAX]; // from 1 on; 0 is the host
  uint32_t count;
} Path;

typedef struct {
  Address address;
  int bits;
  Path *path; // NULL: nowhere
} Route;

typedef struct {
  Path paths[PATHS_MAX];
  int path_count;
  Route routes[ROUTES_MAX]; // longest prefix first
  int route_count;
  uint64_t seed, draws;
} Network;

static Settings default_settings(void) {
  Settings settings = {.quote_bytes = PACKET_BYTES_MAX, .has_length = true, .ttl = 255};
  for (int i = 0; i < REWRITES; i++)
    settings.rewrites[i] = -1;
  settings.states[SERVICE_ICMP] = STATE_ANSWER;
  settings.states[SERVICE_UDP] = settings.states[SERVICE_TCP] = STATE_CLOSED;
  return settings;
}

static bool covers(const Route *route, const Address *address) {
  int whole = route->bits / 8, rest = route->bits % 8;
  if (memcmp(route->address.bytes, address->bytes, (size_t)whole) != 0)
    return false;
  return rest == 0 || (route->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

static Path *find_path(Network *network, const Address *destination) {
  for (int i = 0; i < network->route_count; i++)
    if (covers(&network->routes[i], destination))
      return network->routes[i].path;
  return NULL;
}

// From 0 to below 1.
static double draw(Network *network) {
  return (double)(mixed(network->seed ^ mixed(++network->draws)) >> 11) * 0x1p-53;
}

static int64_t draw_ns(Network *network, int64_t least_ns, int64_t spread_ns) {
  return spread_ns == 0 ? least_ns : least_ns + (int64_t)(draw(network) * (double)spread_ns);
}

// To be asked once for each packet.
static bool happens(Network *network, Hop *hop, Effect effect) {
  const When *when = &hop->settings.when[effect];
  uint64_t count = ++hop->count[effect];
  if (when->kind == NEVER)
    return false;
  if (when->kind == EVERY)
    return count % when->count == 0;
  if (when->kind == BURST && hop->run[effect] > 0) {
    hop->run[effect]--;
    return true;
  }
  if (draw(network) >= when->chance)
    return false;
  if (when->kind == BURST)
    hop->run[effect] = when->count - 1;
  return true;
}

// A token bucket; false: the answer is not given.
static bool take_token(Hop *hop, int64_t now_ns) {
  const Settings *settings = &hop->settings;
  if (settings->rate == 0)
    return true;
  double gained = (double)(now_ns - hop->tokens_ns) * 1e-9 * settings->rate;
  double tokens = hop->tokens_ns == 0 ? settings->burst : hop->tokens + gained;
  hop->tokens = tokens < settings->burst ? tokens : settings->burst;
  hop->tokens_ns = now_ns;
  if (hop->tokens < 1)
    return false;
  hop->tokens--;
  return true;
}

// By flow: addresses, protocol, the first four bytes behind the IP header (ports; of an echo type,
// code and checksum) and the flow label, as routers do. By ports: as Linux does, so that echoes
// differ by address alone.
static uint64_t flow_hash(const Datagram *datagram, Choice choice) {
  uint64_t halves[4], hash = (uint64_t)datagram->service;
  memcpy(halves, datagram->source.bytes, 16);
  memcpy(halves + 2, datagram->destination.bytes, 16);
  for (int i = 0; i < 4; i++)
    hash = mixed(hash + halves[i] + 1);
  if (choice == BY_FLOW || datagram->service != SERVICE_ICMP)
    hash = mixed(hash + read_u32(datagram->body) + 1);
  if (choice == BY_FLOW && datagram->family == 6)
    hash = mixed(hash + (read_u32(datagram->packet) & 0xfffff) + 1);
  return hash;
}

// NULL: the hop has no address of this family, and says nothing.
static const Address *choose_address(Network *network, const Hop *hop, const Datagram *datagram) {
  const Settings *settings = &hop->settings;
  int family = datagram->family == 6;
  uint32_t count = settings->address_count[family];
  if (count == 0)
    return NULL;
  if (settings->choice == BY_PACKET)
    return &settings->addresses[family][(uint32_t)(draw(network) * count)];
  uint64_t hash = flow_hash(datagram, settings->choice);
  if (settings->salt != 0)
    hash = mixed(hash + settings->salt);
  return &settings->addresses[family][hash % count];
}

static State state_of(const Hop *host, const Datagram *datagram) {
  const Settings *settings = &host->settings;
  if (datagram->service == SERVICE_TCP)
    for (int i = 0; i < PORTS_MAX && settings->ports[i].is_set; i++)
      if (settings->ports[i].port == datagram->last)
        return settings->ports[i].state;
  return settings->states[datagram->service];
}

#endif
