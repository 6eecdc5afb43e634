// A network in one process, for tests: answers the echo requests that are routed into a TUN device
// as a scenario says (scenario.h has the language).
//
//   reflector DEVICE [--until-eof] [--realtime] [--spin DURATION] [--log FILE] [LINE...]
//
// Each further argument is a line of the scenario. The device is opened, or made when it is not
// there; addresses and routes are the caller's. Standard input takes lines while running, each
// answered on standard output by `ok` or `error: REASON`; the first line out is `ready`. Counters
// are one line of JSON: on `counters`, on SIGUSR1, and at the end (SIGTERM, SIGINT, or with
// --until-eof the end of standard input).
//
// One thread: read what came, write what is due, sleep until shortly before the next answer is due
// (--spin, 200 us) and spin for the rest. Delays count from the moment the request was read.
//
// The log has a line for each request lost and each packet written: arrival and write (ns of
// CLOCK_REALTIME, or -), family, address asked, identifier, sequence, action. The action is lost,
// replied, copied or error, followed by +reordered, +corrupted, +truncated where that was done.
#define _GNU_SOURCE
#define PROGRAM "reflector"
#include "answer.h"
#include "scenario.h"
#include "shell.h"

static Table table;

static struct {
  uint64_t requests, by_action[ACTIONS], reordered, corrupted, truncated;
  uint64_t foreign, malformed, queue_full, write_errors, untracked;
  int64_t late_ns_max, late_ns_sum;
} counters;

static void log_answer(const Answer *answer, int64_t written_ns) {
  static const char *actions[ACTIONS] = {"lost", "replied", "copied", "error"};
  char address[INET6_ADDRSTRLEN], written[24] = "-";
  bool is_v4 = answer->family == 4;
  inet_ntop(is_v4 ? AF_INET : AF_INET6, answer->destination.bytes + (is_v4 ? 12 : 0), address,
            sizeof address);
  if (answer->action != LOST)
    snprintf(written, sizeof written, "%lld", (long long)written_ns);
  fprintf(log_file, "%lld %s %d %s %u %u %s%s%s%s\n", (long long)answer->arrived_ns, written,
          answer->family, address, answer->id, answer->seq, actions[answer->action],
          answer->marks & REORDERED ? "+reordered" : "",
          answer->marks & CORRUPTED ? "+corrupted" : "",
          answer->marks & TRUNCATED ? "+truncated" : "");
}

static void print_counters(void) {
  const uint64_t *by = counters.by_action;
  uint64_t written = by[REPLIED] + by[COPIED] + by[ERROR_SENT];
  int64_t late_ns_mean = written == 0 ? 0 : counters.late_ns_sum / (int64_t)written;
  if (log_file != NULL)
    fflush(log_file);
  printf("{\"requests\":%lu,\"lost\":%lu,\"replied\":%lu,\"copied\":%lu,\"errors\":%lu,"
         "\"reordered\":%lu,\"corrupted\":%lu,\"truncated\":%lu,\"foreign\":%lu,"
         "\"malformed\":%lu,\"queueFull\":%lu,\"writeErrors\":%lu,\"untracked\":%lu,"
         "\"queued\":%zu,\"lateNsMax\":%ld,\"lateNsMean\":%ld,\"isRealtime\":%s}\n",
         counters.requests, by[LOST], by[REPLIED], by[COPIED], by[ERROR_SENT], counters.reordered,
         counters.corrupted, counters.truncated, counters.foreign, counters.malformed,
         counters.queue_full, counters.write_errors, counters.untracked, queue.count,
         counters.late_ns_max, late_ns_mean, is_realtime ? "true" : "false");
  fflush(stdout);
}

static void count_answer(const Answer *answer, int64_t late_ns) {
  counters.by_action[answer->action]++;
  counters.reordered += (answer->marks & REORDERED) != 0;
  counters.corrupted += (answer->marks & CORRUPTED) != 0;
  counters.truncated += (answer->marks & TRUNCATED) != 0;
  counters.late_ns_sum += late_ns;
  if (late_ns > counters.late_ns_max)
    counters.late_ns_max = late_ns;
}

static void queue_answer(const Answer *answer, int64_t due_ns) {
  if (!push_answer(&queue, answer, due_ns))
    counters.queue_full++;
}

static void queue_reply(Answer *answer, const Request *request, Flow *flow, int64_t due_ns) {
  const Behaviour *behaviour = &flow->rule->behaviour;
  answer->action = REPLIED;
  write_reply(answer, request, &table, flow);
  if (fires(&table, flow, REORDER)) {
    answer->marks |= REORDERED;
    due_ns += behaviour->reorder_ns;
  }
  queue_answer(answer, due_ns);
  if (!fires(&table, flow, DUPLICATE))
    return;
  answer->action = COPIED;
  for (uint32_t i = 1; i <= behaviour->copies; i++)
    queue_answer(answer, due_ns + behaviour->copy_gap_ns * i);
}

static void take_request(const Request *request) {
  static uint8_t packet[PACKET_BYTES_MAX + HEADER_BYTES_V6];
  counters.requests++;
  Flow *flow = enter_flow(&table, &request->destination);
  if (flow == NULL) {
    counters.untracked++;
    return;
  }
  Answer answer = {.action = LOST,
                   .arrived_ns = log_file == NULL ? 0 : clock_ns(CLOCK_REALTIME),
                   .family = request->family,
                   .destination = request->destination,
                   .id = request->id,
                   .seq = request->seq,
                   .bytes = packet};
  if (fires(&table, flow, LOSS)) {
    count_answer(&answer, 0);
    if (log_file != NULL)
      log_answer(&answer, 0);
    return;
  }
  int64_t due_ns = clock_ns(CLOCK_MONOTONIC) + draw_delay_ns(&table, flow);
  if (!fires(&table, flow, ERROR)) {
    queue_reply(&answer, request, flow, due_ns);
    return;
  }
  answer.action = ERROR_SENT;
  write_error(&answer, request, &flow->rule->behaviour);
  queue_answer(&answer, due_ns);
}

static void take_packets(void) {
  static uint8_t packet[PACKET_BYTES_MAX];
  for (int i = 0; i < BATCH_MAX; i++) {
    ssize_t length = read(tun, packet, sizeof packet);
    if (length < 0 && (errno == EAGAIN || errno == EINTR || errno == EIO))
      return;
    if (length < 0)
      die("reading the device", strerror(errno));
    Request request;
    Parsed parsed = parse_request(&request, packet, (size_t)length);
    if (parsed == PARSED)
      take_request(&request);
    counters.foreign += parsed == FOREIGN;
    counters.malformed += parsed == MALFORMED;
  }
}

static void write_due(void) {
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < BATCH_MAX && queue.count > 0 && queue.entries[0].due_ns <= now_ns; i++) {
    int64_t late_ns = now_ns - queue.entries[0].due_ns;
    Answer *answer = pop_item(&queue);
    int64_t written_ns = log_file == NULL ? 0 : clock_ns(CLOCK_REALTIME);
    if (write(tun, answer->bytes, answer->length) < 0)
      counters.write_errors++;
    else
      count_answer(answer, late_ns);
    if (log_file != NULL)
      log_answer(answer, written_ns);
    free(answer);
    now_ns = clock_ns(CLOCK_MONOTONIC);
  }
}

static bool apply_line(char *text, bool is_trial, Words *words) {
  return split_words(words, text) && apply_change(&table, words, is_trial);
}

int main(int count, char **arguments) {
  open_table(&table);
  return serve(count, arguments);
}
