// The words that set up a hop, or a host at the end of a path.
//
// Of a hop, and of a host where it makes sense:
//   v4 A,B,... | none; v6 ...   addresses that it answers from (a host: else the one asked)
//   choose flow | ports | packet   which of several: the flow says (with ICMP checksum and flow
//                               label), addresses and ports alone, or each packet anew
//   salt N                      hops with other salts choose independently (0)
//   delay D; jitter D           of the link to it, there and back; jitter adds from 0 to D
//   loss WHEN                   the packet is lost on that link
//   silence WHEN                it passes packets on but does not answer
//   answer-delay D; answer-jitter D   only for its own answers
//   limit RATE BURST | none     of its answers, RATE a second
//   duplicate WHEN COPIES D; reorder WHEN D   of its answers: copies D apart; D more delay
//   quote full | min | N        bytes of the packet in an error: 576 and 1280 at most with all
//                               around it; IP header and 8 bytes; N from the IP header on
//   length on | off             says how long the quote is where labels follow (RFC 4884)
//   mpls none | L/EXP/S/TTL,... labels in an RFC 4950 extension of its errors
//   rewrite WHAT VALUE | none   in the quote: source A, destination A (one of each family), or
//                               source-port, destination-port (of an echo identifier, sequence),
//                               checksum, ttl, length N
//   ttl N                       that its answers set out with (255); each hop takes one
//   mtu N | none                of the link behind it
//   unreachable KIND | none     it says so of all that would pass: host, net, prohibited
//   filter icmp | udp | tcp | none   drops these instead of passing them on; may be said again
//   loop N | none               what would pass comes to hop N again
// Of a host:
//   echo answer | silent | prohibited
//   udp closed | answer | silent | prohibited
//   tcp [PORT] open | closed | filtered | prohibited
//
//   WHEN: never | always | PROBABILITY | every N | burst PROBABILITY N
//   D, DURATION: a number with ns, us, ms or s
#ifndef LAB_SETTINGS_H
#define LAB_SETTINGS_H

#include "path.h"

static const IcmpError UNREACHABLE[] = {
    {"host", 3, 1, 1, 3}, {"net", 3, 0, 1, 0}, {"prohibited", 3, 13, 1, 1}};

static bool parse_addresses(Words *words, Settings *to, int family) {
  char *rest = (char *)next_word(words);
  to->address_count[family] = 0;
  if (strcmp(rest, "none") == 0)
    return true;
  for (char *text; (text = strsep(&rest, ",")) != NULL;) {
    uint32_t at = to->address_count[family];
    if (at == ADDRESSES_MAX)
      return refuse(words, "more than %d addresses", ADDRESSES_MAX);
    Address *address = &to->addresses[family][at];
    if (!parse_address(words, text, address))
      return false;
    if (is_mapped_v4(address) != (family == 0))
      return refuse(words, "'%.60s' is of the other family", text);
    to->address_count[family]++;
  }
  return true;
}

static bool parse_choice(Words *words, Settings *to) {
  static const char *names[] = {"flow", "ports", "packet"};
  for (int i = BY_FLOW; i <= BY_PACKET; i++) {
    to->choice = (Choice)i;
    if (take_word(words, names[i]))
      return true;
  }
  return refuse(words, "choose flow, ports or packet");
}

static bool parse_limit(Words *words, Settings *to) {
  uint32_t rate = 0;
  bool is_none = take_word(words, "none");
  if (!is_none &&
      !(parse_number(words, 1, 1000000, &rate) && parse_number(words, 1, 1000000, &to->burst)))
    return false;
  to->rate = rate;
  return true;
}

static bool parse_quote(Words *words, Settings *to) {
  uint32_t bytes = PACKET_BYTES_MAX;
  to->quote_bytes = QUOTE_MIN;
  if (take_word(words, "min"))
    return true;
  if (!take_word(words, "full") && !parse_number(words, 0, PACKET_BYTES_MAX, &bytes))
    return false;
  to->quote_bytes = (int)bytes;
  return true;
}

static bool parse_labels(Words *words, Settings *to) {
  char *rest = (char *)next_word(words);
  to->label_count = 0;
  if (strcmp(rest, "none") == 0)
    return true;
  for (char *text; (text = strsep(&rest, ",")) != NULL;) {
    unsigned label, exp, bottom, ttl;
    char more;
    if (sscanf(text, "%u/%u/%u/%u%c", &label, &exp, &bottom, &ttl, &more) != 4 || label > 0xfffff ||
        exp > 7 || bottom > 1 || ttl > 255)
      return refuse(words, "'%.40s' is not LABEL/EXP/S/TTL", text);
    if (to->label_count == LABELS_MAX)
      return refuse(words, "more than %d labels", LABELS_MAX);
    to->labels[to->label_count++] = label << 12 | exp << 9 | bottom << 8 | ttl;
  }
  return true;
}

static bool parse_alias(Words *words, Alias *alias) {
  Address address;
  if (take_word(words, "none")) {
    *alias = (Alias){0};
    return true;
  }
  if (!parse_address(words, next_word(words), &address))
    return false;
  int family = is_mapped_v4(&address) ? 0 : 1;
  alias->address[family] = address;
  alias->has_address[family] = true;
  return true;
}

static bool parse_rewrite(Words *words, Settings *to) {
  static const char *names[REWRITES] = {"source-port", "destination-port", "checksum", "ttl",
                                        "length"};
  if (take_word(words, "source"))
    return parse_alias(words, &to->quoted_source);
  if (take_word(words, "destination"))
    return parse_alias(words, &to->quoted_destination);
  for (int i = 0; i < REWRITES; i++) {
    uint32_t value = 0;
    if (!take_word(words, names[i]))
      continue;
    bool is_none = take_word(words, "none");
    if (!is_none && !parse_number(words, 0, i == REWRITE_TTL ? 255 : 65535, &value))
      return false;
    to->rewrites[i] = is_none ? -1 : (int32_t)value;
    return true;
  }
  return refuse(words, "'%.40s' cannot be rewritten", next_word(words));
}

static bool parse_unreachable(Words *words, Settings *to) {
  to->unreachable = NULL;
  if (take_word(words, "none"))
    return true;
  for (size_t i = 0; i < sizeof UNREACHABLE / sizeof UNREACHABLE[0]; i++)
    if (to->unreachable == NULL && take_word(words, UNREACHABLE[i].name))
      to->unreachable = &UNREACHABLE[i];
  return to->unreachable != NULL || refuse(words, "unreachable is host, net or prohibited");
}

static bool parse_filter(Words *words, Settings *to) {
  if (take_word(words, "none")) {
    memset(to->is_filtered, 0, sizeof to->is_filtered);
    return true;
  }
  for (int i = 0; i < SERVICES; i++) {
    if (!take_word(words, SERVICE_NAMES[i]))
      continue;
    to->is_filtered[i] = true;
    return true;
  }
  return refuse(words, "filter icmp, udp, tcp or none");
}

static bool parse_optional(Words *words, uint32_t min, uint32_t max, uint32_t *value) {
  if (!take_word(words, "none"))
    return parse_number(words, min, max, value);
  *value = 0;
  return true;
}

static bool parse_state(Words *words, State *state) {
  static const struct {
    const char *name;
    State state;
  } names[] = {{"silent", STATE_SILENT}, {"filtered", STATE_SILENT},
               {"answer", STATE_ANSWER}, {"open", STATE_ANSWER},
               {"closed", STATE_CLOSED}, {"prohibited", STATE_PROHIBITED}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    *state = names[i].state;
    if (take_word(words, names[i].name))
      return true;
  }
  return refuse(words, "'%.40s' is not a state", next_word(words));
}

static bool parse_tcp(Words *words, Settings *to) {
  const char *text = words->next < words->count ? words->word[words->next] : "";
  if (text[0] < '0' || text[0] > '9')
    return parse_state(words, &to->states[SERVICE_TCP]);
  uint32_t port = 0;
  if (!parse_number(words, 0, 65535, &port))
    return false;
  for (int i = 0; i < PORTS_MAX; i++) {
    if (to->ports[i].is_set && to->ports[i].port != port)
      continue;
    to->ports[i].is_set = true;
    to->ports[i].port = (uint16_t)port;
    return parse_state(words, &to->ports[i].state);
  }
  return refuse(words, "no room for more than %d ports", PORTS_MAX);
}

static bool parse_effect(Words *words, Settings *to) {
  if (take_word(words, "loss"))
    return parse_when(words, &to->when[LOSS]);
  if (take_word(words, "silence"))
    return parse_when(words, &to->when[SILENCE]);
  if (take_word(words, "duplicate"))
    return parse_when(words, &to->when[DUPLICATE]) && parse_number(words, 1, 100, &to->copies) &&
           parse_duration(words, &to->copy_gap_ns);
  if (take_word(words, "reorder"))
    return parse_when(words, &to->when[REORDER]) && parse_duration(words, &to->reorder_ns);
  return refuse(words, "'%.40s' is not a setting", next_word(words));
}

static bool parse_host_setting(Words *words, Settings *to) {
  if (take_word(words, "echo"))
    return parse_state(words, &to->states[SERVICE_ICMP]);
  if (take_word(words, "udp"))
    return parse_state(words, &to->states[SERVICE_UDP]);
  return take_word(words, "tcp") ? parse_tcp(words, to) : parse_effect(words, to);
}

static bool parse_way(Words *words, Settings *to, uint32_t hop_count) {
  if (take_word(words, "mtu"))
    return parse_optional(words, 68, PACKET_BYTES_MAX, &to->mtu);
  if (take_word(words, "unreachable"))
    return parse_unreachable(words, to);
  if (take_word(words, "filter"))
    return parse_filter(words, to);
  if (take_word(words, "loop"))
    return parse_optional(words, 1, hop_count, &to->loop_to);
  return parse_host_setting(words, to);
}

static bool parse_time(Words *words, Settings *to, uint32_t hop_count) {
  if (take_word(words, "delay"))
    return parse_duration(words, &to->delay_ns);
  if (take_word(words, "jitter"))
    return parse_duration(words, &to->jitter_ns);
  if (take_word(words, "answer-delay"))
    return parse_duration(words, &to->answer_delay_ns);
  if (take_word(words, "answer-jitter"))
    return parse_duration(words, &to->answer_jitter_ns);
  if (take_word(words, "limit"))
    return parse_limit(words, to);
  return parse_way(words, to, hop_count);
}

static bool parse_length(Words *words, Settings *to) {
  to->has_length = take_word(words, "on");
  return to->has_length || take_word(words, "off") || refuse(words, "length is on or off");
}

static bool parse_setting(Words *words, Settings *to, uint32_t hop_count) {
  if (take_word(words, "v4"))
    return parse_addresses(words, to, 0);
  if (take_word(words, "v6"))
    return parse_addresses(words, to, 1);
  if (take_word(words, "choose"))
    return parse_choice(words, to);
  if (take_word(words, "salt"))
    return parse_number(words, 0, UINT32_MAX, &to->salt);
  if (take_word(words, "quote"))
    return parse_quote(words, to);
  if (take_word(words, "length"))
    return parse_length(words, to);
  if (take_word(words, "mpls"))
    return parse_labels(words, to);
  if (take_word(words, "rewrite"))
    return parse_rewrite(words, to);
  if (take_word(words, "ttl"))
    return parse_number(words, 1, 255, &to->ttl);
  return parse_time(words, to, hop_count);
}

#endif
