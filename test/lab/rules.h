// The table of destination prefixes with their behaviours, and what each destination has seen so
// far. The longest prefix wins. Patterns count per destination address, from 1 on, anew after each
// change of its prefix. Draws are a hash of seed, address, packet count and purpose: traffic to
// other addresses, and other settings, do not shift them.
#ifndef LAB_RULES_H
#define LAB_RULES_H

#include "packet.h"
#include "words.h"

enum { RULES_MAX = 4096, FLOWS_MAX = 1 << 17, QUOTE_MIN = -1, TTL_DEFAULT = 64 };

typedef enum { LOSS, DUPLICATE, REORDER, CORRUPT, TRUNCATE, ERROR, EFFECTS } Effect;
// Purposes of a draw beyond the effects; JITTER takes twelve in a row.
enum { DRAW_BYTE = 32, DRAW_JITTER = 64 };

typedef enum { JITTER_NONE, JITTER_UNIFORM, JITTER_NORMAL } Jitter;
typedef enum { CORRUPT_CHECKSUM, CORRUPT_PAYLOAD, CORRUPT_COOKIE, CORRUPT_BYTE } Corruption;

typedef struct {
  int64_t delay_ns, jitter_ns, copy_gap_ns, reorder_ns;
  Jitter jitter;
  When when[EFFECTS];
  uint32_t copies;
  Corruption corruption;
  uint32_t corrupt_at;
  uint32_t truncate_bytes;
  const IcmpError *error;
  int quote_bytes; // or QUOTE_MIN
  uint8_t ttl;
  bool has_source;
  Address source;
} Behaviour;

typedef struct {
  Address address;
  int bits;
  uint32_t version;
  Behaviour behaviour;
} Rule;

// What one destination has seen since its rule changed last.
typedef struct {
  Address address;
  uint64_t hash;
  const Rule *rule; // NULL: a free place
  uint32_t table_version, rule_version;
  uint64_t count;
  uint32_t burst[EFFECTS];
} Flow;

typedef struct {
  Rule rules[RULES_MAX]; // longest prefix first
  int count;
  uint32_t version;
  uint64_t seed;
  Flow flows[FLOWS_MAX];
  int flow_count;
} Table;

static bool covers(const Rule *rule, const Address *address) {
  int whole = rule->bits / 8, rest = rule->bits % 8;
  if (memcmp(rule->address.bytes, address->bytes, (size_t)whole) != 0)
    return false;
  return rest == 0 || (rule->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

// The longest prefix of at most `bits_max` that covers the address. One always does: the table
// opens with a rule for all of IPv6, which in this notation includes IPv4.
static Rule *find_rule(Table *table, const Address *address, int bits_max) {
  Rule *rule = table->rules;
  while (rule->bits > bits_max || !covers(rule, address))
    rule++;
  return rule;
}

static void open_table(Table *table) {
  table->rules[0] = (Rule){.behaviour = {.ttl = TTL_DEFAULT}};
  table->count = 1;
}

// A prefix that is new starts as a copy of the rule that covered it. NULL: no room.
static Rule *insert_rule(Table *table, const Address *address, int bits) {
  Rule *covering = find_rule(table, address, bits);
  if (covering->bits == bits)
    return covering;
  if (table->count == RULES_MAX)
    return NULL;
  Rule added = {.address = *address, .bits = bits, .behaviour = covering->behaviour};
  int at = 0;
  while (table->rules[at].bits > bits)
    at++;
  memmove(&table->rules[at + 1], &table->rules[at], sizeof(Rule) * (size_t)(table->count - at));
  table->rules[at] = added;
  table->count++;
  return &table->rules[at];
}

static void change_rule(Table *table, Rule *rule, const Behaviour *behaviour) {
  rule->behaviour = *behaviour;
  rule->version = ++table->version;
}

static void change_seed(Table *table, uint64_t seed) {
  table->seed = seed;
  for (int i = 0; i < table->count; i++)
    table->rules[i].version = ++table->version;
}

static uint64_t address_hash(const Address *address) {
  uint64_t halves[2];
  memcpy(halves, address->bytes, sizeof halves);
  return mixed(halves[1] + 0x9e3779b97f4a7c15u * mixed(halves[0] + 1));
}

static Flow *find_flow(Table *table, const Address *address) {
  uint64_t hash = address_hash(address);
  Flow *flow = &table->flows[hash % FLOWS_MAX];
  while (flow->rule != NULL && memcmp(&flow->address, address, sizeof *address) != 0)
    flow = flow == &table->flows[FLOWS_MAX - 1] ? table->flows : flow + 1;
  if (flow->rule == NULL) {
    if (table->flow_count == FLOWS_MAX / 2)
      return NULL;
    table->flow_count++;
    flow->address = *address;
    flow->hash = hash;
  }
  return flow;
}

// Counts a packet to this address. NULL: more addresses than we can tell apart.
static Flow *enter_flow(Table *table, const Address *address) {
  Flow *flow = find_flow(table, address);
  if (flow == NULL)
    return NULL;
  if (flow->rule == NULL || flow->table_version != table->version) {
    flow->rule = find_rule(table, address, 128);
    flow->table_version = table->version;
    if (flow->rule_version != flow->rule->version) {
      flow->rule_version = flow->rule->version;
      flow->count = 0;
      memset(flow->burst, 0, sizeof flow->burst);
    }
  }
  flow->count++;
  return flow;
}

static uint64_t draw(const Table *table, const Flow *flow, int purpose) {
  uint64_t where = mixed(flow->hash + table->seed * 0x9e3779b97f4a7c15u);
  return mixed(where ^ mixed(flow->count << 8 | (uint64_t)purpose));
}

// From 0 to below 1.
static double draw_uniform(const Table *table, const Flow *flow, int purpose) {
  return (double)(draw(table, flow, purpose) >> 11) * 0x1p-53;
}

// Mean 0, deviation 1: the sum of twelve uniform draws, which ends at 6 sigma.
static double draw_normal(const Table *table, const Flow *flow) {
  double sum = -6;
  for (int i = 0; i < 12; i++)
    sum += draw_uniform(table, flow, DRAW_JITTER + i);
  return sum;
}

static int64_t draw_delay_ns(const Table *table, const Flow *flow) {
  const Behaviour *behaviour = &flow->rule->behaviour;
  double delay_ns = (double)behaviour->delay_ns;
  if (behaviour->jitter == JITTER_UNIFORM)
    delay_ns += draw_uniform(table, flow, DRAW_JITTER) * (double)behaviour->jitter_ns;
  if (behaviour->jitter == JITTER_NORMAL)
    delay_ns += draw_normal(table, flow) * (double)behaviour->jitter_ns;
  return delay_ns > 0 ? (int64_t)delay_ns : 0;
}

// Whether this packet suffers the effect; to be asked once for each packet.
static bool fires(const Table *table, Flow *flow, Effect effect) {
  const When *when = &flow->rule->behaviour.when[effect];
  if (when->kind == NEVER)
    return false;
  if (when->kind == EVERY)
    return flow->count % when->count == 0;
  if (when->kind == BURST && flow->burst[effect] > 0) {
    flow->burst[effect]--;
    return true;
  }
  if (draw_uniform(table, flow, (int)effect) >= when->chance)
    return false;
  if (when->kind == BURST)
    flow->burst[effect] = when->count - 1;
  return true;
}

#endif
