// The line language of scenarios and of commands while running. Strict: a line that is not wholly
// understood changes nothing and is refused with the reason.
//
//   dst PREFIX SETTING...   settings that are not named stay as they are
//   dst PREFIX default [SETTING...]   as above, from a clean slate: answers at once, whole
//   seed N                  another set of random draws (also restarts every pattern)
//   at DURATION LINE        that line, so long after this one was read
//   counters                prints the counters
//
//   delay D                 before the answer is written
//   jitter none | uniform D | normal D     added: 0 to D, or a normal deviate (sigma D, never < 0)
//   loss WHEN               no answer
//   duplicate WHEN COPIES D more copies, each D after the one before
//   reorder WHEN D          D more delay for this one
//   corrupt WHEN checksum | payload | cookie | byte N
//                           a wrong checksum; or a right one over a flipped byte: anywhere in the
//                           payload, in its first 16 bytes, or at offset N of the payload
//   truncate WHEN BYTES     ICMP bytes (header and payload) that are left; checksum and length fit
//   error WHEN KIND QUOTE   an ICMP error instead: host-unreachable, net-unreachable,
//                           admin-prohibited, ttl-exceeded; QUOTE is full, min (IP header and 8
//                           bytes, RFC 792) or the number of bytes counted from the IP header
//   ttl N                   of the answer (default 64)
//   source ADDRESS | none   answers from elsewhere than where it was asked
//
//   WHEN: never | always | PROBABILITY | every N | burst PROBABILITY N
//   D, DURATION: a number with ns, us, ms or s
#ifndef LAB_SCENARIO_H
#define LAB_SCENARIO_H

#include "rules.h"

static const IcmpError ICMP_ERRORS[] = {{"host-unreachable", 3, 1, 1, 3},
                                        {"net-unreachable", 3, 0, 1, 0},
                                        {"admin-prohibited", 3, 13, 1, 1},
                                        {"ttl-exceeded", 11, 0, 3, 0}};

static bool parse_jitter(Words *words, Behaviour *to) {
  to->jitter = JITTER_NONE;
  if (take_word(words, "none"))
    return true;
  to->jitter = take_word(words, "uniform") ? JITTER_UNIFORM : JITTER_NORMAL;
  if (to->jitter == JITTER_NORMAL && !take_word(words, "normal"))
    return refuse(words, "jitter is none, uniform D or normal D");
  return parse_duration(words, &to->jitter_ns);
}

static bool parse_corruption(Words *words, Behaviour *to) {
  static const char *names[] = {"checksum", "payload", "cookie", "byte"};
  for (int kind = CORRUPT_CHECKSUM; kind <= CORRUPT_BYTE; kind++) {
    if (!take_word(words, names[kind]))
      continue;
    to->corruption = (Corruption)kind;
    return kind != CORRUPT_BYTE || parse_number(words, 0, PACKET_BYTES_MAX, &to->corrupt_at);
  }
  return refuse(words, "corrupt what: checksum, payload, cookie or byte N");
}

static bool parse_error(Words *words, Behaviour *to) {
  const char *name = next_word(words);
  to->error = NULL;
  for (size_t i = 0; i < sizeof ICMP_ERRORS / sizeof ICMP_ERRORS[0]; i++)
    if (strcmp(ICMP_ERRORS[i].name, name) == 0)
      to->error = &ICMP_ERRORS[i];
  if (to->error == NULL)
    return refuse(words, "'%.40s' is not an ICMP error we know", name);
  uint32_t bytes = PACKET_BYTES_MAX;
  to->quote_bytes = QUOTE_MIN;
  if (take_word(words, "min"))
    return true;
  if (!take_word(words, "full") && !parse_number(words, 0, PACKET_BYTES_MAX, &bytes))
    return false;
  to->quote_bytes = (int)bytes;
  return true;
}

static bool parse_source(Words *words, Behaviour *to) {
  to->has_source = !take_word(words, "none");
  return !to->has_source || parse_address(words, next_word(words), &to->source);
}

static bool parse_ttl(Words *words, Behaviour *to) {
  uint32_t ttl;
  if (!parse_number(words, 1, 255, &ttl))
    return false;
  to->ttl = (uint8_t)ttl;
  return true;
}

static bool parse_setting(Words *words, Behaviour *to) {
  if (take_word(words, "delay"))
    return parse_duration(words, &to->delay_ns);
  if (take_word(words, "jitter"))
    return parse_jitter(words, to);
  if (take_word(words, "loss"))
    return parse_when(words, &to->when[LOSS]);
  if (take_word(words, "duplicate"))
    return parse_when(words, &to->when[DUPLICATE]) && parse_number(words, 1, 1000, &to->copies) &&
           parse_duration(words, &to->copy_gap_ns);
  if (take_word(words, "reorder"))
    return parse_when(words, &to->when[REORDER]) && parse_duration(words, &to->reorder_ns);
  if (take_word(words, "corrupt"))
    return parse_when(words, &to->when[CORRUPT]) && parse_corruption(words, to);
  if (take_word(words, "truncate"))
    return parse_when(words, &to->when[TRUNCATE]) &&
           parse_number(words, 0, PACKET_BYTES_MAX, &to->truncate_bytes);
  if (take_word(words, "error"))
    return parse_when(words, &to->when[ERROR]) && parse_error(words, to);
  if (take_word(words, "ttl"))
    return parse_ttl(words, to);
  if (take_word(words, "source"))
    return parse_source(words, to);
  return refuse(words, "'%.40s' is not a setting", next_word(words));
}

// With `is_trial` nothing changes: a line that waits for its time must be right when it is given.
static bool apply_rule(Table *table, Words *words, bool is_trial) {
  Address address;
  int bits = 0;
  if (!parse_prefix(words, &address, &bits))
    return false;
  Behaviour wanted = find_rule(table, &address, bits)->behaviour;
  if (take_word(words, "default"))
    wanted = (Behaviour){.ttl = TTL_DEFAULT};
  else if (!parse_setting(words, &wanted))
    return false;
  while (words->next < words->count)
    if (!parse_setting(words, &wanted))
      return false;
  if (is_trial)
    return true;
  Rule *rule = insert_rule(table, &address, bits);
  if (rule == NULL)
    return refuse(words, "no room for more than %d prefixes", RULES_MAX);
  change_rule(table, rule, &wanted);
  return true;
}

static bool apply_seed(Table *table, Words *words, bool is_trial) {
  uint32_t seed;
  if (!parse_number(words, 0, UINT32_MAX, &seed))
    return false;
  if (words->next < words->count)
    return refuse(words, "nothing may follow the seed");
  if (!is_trial)
    change_seed(table, seed);
  return true;
}

static bool apply_change(Table *table, Words *words, bool is_trial) {
  if (take_word(words, "dst"))
    return apply_rule(table, words, is_trial);
  if (take_word(words, "seed"))
    return apply_seed(table, words, is_trial);
  return refuse(words, "'%.40s' is not dst, seed, at or counters", next_word(words));
}

#endif
