// A routed network in one process, for tests: packets that are routed into a TUN device walk the
// path that is set for their destination (path_language.h has the language), hop by hop, and what
// routers and hosts say comes back. ICMP echo, UDP and TCP; IPv4 and IPv6; any TTL.
//
//   network DEVICE [--until-eof] [--realtime] [--spin DURATION] [--log FILE] [LINE...]
//
// Arguments, standard input and counters are as the reflector's (shell.h). Paths, hops and routes
// change between two packets, never within one.
#define _GNU_SOURCE
#define PROGRAM "network"
#include "handshake.h"
#include "path_language.h"
#include "shell.h"

#include "record.h"

static Network network;
static uint8_t out[PACKET_BYTES_MAX + HEADER_BYTES_V6];

static void drop(Record *record, Action action, uint32_t hop) {
  record->action = action;
  record->hop = hop;
  counters.by_action[action]++;
  log_record(record, 0);
}

static void queue_record(const Record *record, int64_t due_ns) {
  Record *copy = push_item(&queue, sizeof *record + record->length, due_ns);
  if (copy == NULL) {
    counters.queue_full++;
    return;
  }
  *copy = *record;
  memcpy(copy + 1, out, record->length);
}

// The answer is in `out`; `due_ns` is when it would come back if nothing befell it.
static void queue_answer(Record *record, Hop *hop, int64_t due_ns) {
  const Settings *settings = &hop->settings;
  if (happens(&network, hop, REORDER)) {
    record->marks |= REORDERED;
    due_ns += settings->reorder_ns;
  }
  queue_record(record, due_ns);
  if (!happens(&network, hop, DUPLICATE))
    return;
  record->marks |= COPIED;
  for (uint32_t i = 1; i <= settings->copies; i++)
    queue_record(record, due_ns + settings->copy_gap_ns * i);
}

typedef struct {
  Datagram datagram;
  Record record;
  int64_t now_ns, elapsed_ns;
  uint32_t steps; // hops entered; the packet arrived at the last with its TTL less one for each
                  // before
} Walk;

// False: nobody answers. Else the reply is ready to be written.
static bool open_reply(Walk *walk, Hop *hop, Reply *reply) {
  const Settings *settings = &hop->settings;
  bool is_host = walk->record.hop == 0;
  const Address *source = choose_address(&network, hop, &walk->datagram);
  if (source == NULL && is_host)
    source = &walk->datagram.destination;
  if (happens(&network, hop, SILENCE) || source == NULL) {
    drop(&walk->record, SILENT, walk->record.hop);
    return false;
  }
  if (!take_token(hop, walk->now_ns)) {
    drop(&walk->record, LIMITED, walk->record.hop);
    return false;
  }
  uint32_t way = walk->steps - 1;
  walk->record.answerer = *source;
  walk->elapsed_ns += draw_ns(&network, settings->answer_delay_ns, settings->answer_jitter_ns);
  *reply = (Reply){.to = &walk->datagram,
                   .settings = settings,
                   .source = source,
                   .ttl = (uint8_t)(settings->ttl > way ? settings->ttl - way : 1),
                   .quoted_ttl = (uint8_t)(walk->datagram.ttl - way)};
  return true;
}

static void finish(Walk *walk, Hop *hop, Action action, size_t length) {
  walk->record.action = action;
  walk->record.length = length;
  queue_answer(&walk->record, hop, walk->now_ns + walk->elapsed_ns);
}

static void say(Walk *walk, Hop *hop, Action action, const IcmpError *error) {
  Reply reply;
  if (open_reply(walk, hop, &reply))
    finish(walk, hop, action, write_error(out, &reply, error, hop->settings.mtu));
}

static void answer_tcp(Walk *walk, Hop *host, State state) {
  static const Action actions[] = {IGNORED, ACCEPTED, CHALLENGED, RESET, IGNORED};
  Segment segment = {0};
  Reply reply;
  Handshake handshake = take_segment(&walk->datagram, state, &segment);
  if (actions[handshake] == IGNORED)
    drop(&walk->record, IGNORED, 0);
  else if (open_reply(walk, host, &reply))
    finish(walk, host, actions[handshake], write_tcp(out, &reply, &segment));
}

static void answer_plain(Walk *walk, Hop *host) {
  Reply reply;
  if (!open_reply(walk, host, &reply))
    return;
  if (walk->datagram.service == SERVICE_ICMP)
    finish(walk, host, ECHOED, write_echo_reply(out, &reply));
  else
    finish(walk, host, ANSWERED, write_udp(out, &reply));
}

static void arrive(Walk *walk, Hop *host) {
  const Datagram *datagram = &walk->datagram;
  State state = state_of(host, datagram);
  walk->record.hop = 0;
  if (!datagram->is_sound) {
    counters.unsound++;
    drop(&walk->record, IGNORED, 0);
  } else if (state == STATE_SILENT) {
    drop(&walk->record, SILENT, 0);
  } else if (state == STATE_PROHIBITED) {
    say(walk, host, PROHIBITED, &PROHIBITED_ERROR);
  } else if (datagram->service == SERVICE_TCP) {
    answer_tcp(walk, host, state);
  } else if (state == STATE_CLOSED) {
    say(walk, host, REFUSED, &PORT_ERROR);
  } else {
    answer_plain(walk, host);
  }
}

// Whether the packet goes on behind the hop; else its fate is sealed.
static bool passes(Walk *walk, Hop *hop) {
  const Settings *settings = &hop->settings;
  const Datagram *datagram = &walk->datagram;
  if (walk->steps == datagram->ttl) {
    say(walk, hop, EXPIRED, &EXPIRED_ERROR);
    return false;
  }
  if (settings->is_filtered[datagram->service]) {
    drop(&walk->record, FILTERED, walk->record.hop);
    return false;
  }
  if (settings->unreachable != NULL) {
    say(walk, hop, UNREACHED, settings->unreachable);
    return false;
  }
  if (settings->mtu != 0 && datagram->length > settings->mtu && !datagram->may_fragment) {
    say(walk, hop, TOO_BIG, &TOO_BIG_ERROR);
    return false;
  }
  return true;
}

static bool enters(Walk *walk, Hop *hop, uint32_t number) {
  walk->record.hop = number;
  walk->steps++;
  walk->elapsed_ns += draw_ns(&network, hop->settings.delay_ns, hop->settings.jitter_ns);
  if (!happens(&network, hop, LOSS))
    return true;
  drop(&walk->record, LOST, number);
  return false;
}

static void walk_path(Walk *walk, Path *path) {
  uint32_t number = 1;
  while (number <= path->count) {
    Hop *hop = &path->hops[number];
    if (!enters(walk, hop, number) || !passes(walk, hop))
      return;
    number = hop->settings.loop_to != 0 ? hop->settings.loop_to : number + 1;
  }
  if (enters(walk, &path->hops[0], 0))
    arrive(walk, &path->hops[0]);
}

static void take_datagram(const Datagram *datagram) {
  Walk walk = {.datagram = *datagram, .now_ns = clock_ns(CLOCK_MONOTONIC)};
  walk.record = (Record){.arrived_ns = log_file == NULL ? 0 : clock_ns(CLOCK_REALTIME),
                         .family = datagram->family,
                         .service = datagram->service,
                         .destination = datagram->destination,
                         .ttl = datagram->ttl,
                         .first = datagram->first,
                         .last = datagram->last};
  Path *path = find_path(&network, &datagram->destination);
  counters.packets++;
  if (path == NULL || datagram->ttl == 0)
    drop(&walk.record, UNROUTED, 0);
  else
    walk_path(&walk, path);
}

static void take_packets(void) {
  static uint8_t packet[PACKET_BYTES_MAX];
  for (int i = 0; i < BATCH_MAX; i++) {
    ssize_t length = read(tun, packet, sizeof packet);
    if (length < 0 && (errno == EAGAIN || errno == EINTR || errno == EIO))
      return;
    if (length < 0)
      die("reading the device", strerror(errno));
    Datagram datagram;
    Parsed parsed = parse_datagram(&datagram, packet, (size_t)length);
    if (parsed == PARSED)
      take_datagram(&datagram);
    counters.foreign += parsed == FOREIGN;
    counters.malformed += parsed == MALFORMED;
  }
}

static void count_answer(const Record *record, int64_t late_ns) {
  bool is_copy = (record->marks & COPIED) != 0;
  counters.by_action[record->action] += !is_copy;
  counters.copied += is_copy;
  counters.reordered += (record->marks & REORDERED) != 0;
  if (late_ns > counters.late_ns_max)
    counters.late_ns_max = late_ns;
}

static void write_due(void) {
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < BATCH_MAX && queue.count > 0 && queue.entries[0].due_ns <= now_ns; i++) {
    int64_t late_ns = now_ns - queue.entries[0].due_ns;
    Record *record = pop_item(&queue);
    int64_t written_ns = log_file == NULL ? 0 : clock_ns(CLOCK_REALTIME);
    if (write(tun, record + 1, record->length) < 0)
      counters.write_errors++;
    else
      count_answer(record, late_ns);
    log_record(record, written_ns);
    free(record);
    now_ns = clock_ns(CLOCK_MONOTONIC);
  }
}

static bool apply_line(char *text, bool is_trial, Words *words) {
  return split_words(words, text) && apply_change(&network, words, is_trial);
}

int main(int count, char **arguments) { return serve(count, arguments); }
