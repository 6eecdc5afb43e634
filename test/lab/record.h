// What became of each packet: counted, and logged when asked.
//
// The log has a line for each packet that is not answered and each answer written: arrival and
// write (ns of CLOCK_REALTIME, or -), family, destination, service, TTL, first and last port (of
// an echo identifier and sequence), hop at which it ended (0: the host), address that answered (or
// -), action. The actions are those of ACTION_NAMES, followed by +copied, +reordered.
#ifndef LAB_RECORD_H
#define LAB_RECORD_H

#include "datagram.h"
#include "shell.h"

typedef enum {
  UNROUTED,
  LOST,
  FILTERED,
  SILENT,
  LIMITED,
  IGNORED,
  ANSWERS,
  EXPIRED = ANSWERS,
  UNREACHED,
  TOO_BIG,
  REFUSED,
  PROHIBITED,
  ECHOED,
  ANSWERED,
  ACCEPTED,
  CHALLENGED,
  RESET,
  ACTIONS
} Action;

static const char *ACTION_NAMES[ACTIONS] = {"unrouted", "lost",     "filtered",   "silent",
                                            "limited",  "ignored",  "expired",    "unreached",
                                            "tooBig",   "refused",  "prohibited", "echoed",
                                            "answered", "accepted", "challenged", "reset"};
enum { COPIED = 1, REORDERED = 2 };

// A packet and what became of it; its answer's bytes follow in the queue.
typedef struct {
  Action action;
  unsigned marks;
  int64_t arrived_ns; // CLOCK_REALTIME
  int family;
  Service service;
  Address destination, answerer;
  uint8_t ttl;
  uint16_t first, last;
  uint32_t hop;
  size_t length;
} Record;

static struct {
  uint64_t packets, by_action[ACTIONS], copied, reordered;
  uint64_t foreign, malformed, unsound, queue_full, write_errors;
  int64_t late_ns_max;
} counters;

static const char *address_text(char *text, const Address *address) {
  bool is_v4 = is_mapped_v4(address);
  inet_ntop(is_v4 ? AF_INET : AF_INET6, address->bytes + (is_v4 ? 12 : 0), text, INET6_ADDRSTRLEN);
  return text;
}

static void log_record(const Record *record, int64_t written_ns) {
  char asked[INET6_ADDRSTRLEN], answerer[INET6_ADDRSTRLEN], written[24] = "-";
  bool is_answer = record->action >= ANSWERS;
  if (log_file == NULL)
    return;
  if (is_answer)
    snprintf(written, sizeof written, "%lld", (long long)written_ns);
  fprintf(log_file, "%lld %s %d %s %s %u %u %u %u %s %s%s%s\n", (long long)record->arrived_ns,
          written, record->family, address_text(asked, &record->destination),
          SERVICE_NAMES[record->service], record->ttl, record->first, record->last, record->hop,
          is_answer ? address_text(answerer, &record->answerer) : "-", ACTION_NAMES[record->action],
          record->marks & COPIED ? "+copied" : "", record->marks & REORDERED ? "+reordered" : "");
}

static void print_counters(void) {
  if (log_file != NULL)
    fflush(log_file);
  printf("{\"packets\":%lu,", counters.packets);
  for (int i = 0; i < ACTIONS; i++)
    printf("\"%s\":%lu,", ACTION_NAMES[i], counters.by_action[i]);
  printf("\"copied\":%lu,\"reordered\":%lu,\"foreign\":%lu,\"malformed\":%lu,\"unsound\":%lu,"
         "\"queueFull\":%lu,\"writeErrors\":%lu,\"queued\":%zu,\"lateNsMax\":%ld,"
         "\"isRealtime\":%s}\n",
         counters.copied, counters.reordered, counters.foreign, counters.malformed,
         counters.unsound, counters.queue_full, counters.write_errors, queue.count,
         counters.late_ns_max, is_realtime ? "true" : "false");
  fflush(stdout);
}

#endif
