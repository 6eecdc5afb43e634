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
#include "answer.h"
#include "cues.h"
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { BATCH_MAX = 64, INPUT_POLL_NS = 1000000, PRIORITY = 50 };
static const int64_t SLEEP_NS_MAX = 1000000000;

static Table table;
static Queue queue;
static Cues cues;

static int tun;
static FILE *log_file;
static int64_t spin_ns = 200000; // a virtual machine may need as long to wake up
static bool is_realtime, is_until_eof, is_input_open = true;
static volatile sig_atomic_t is_stopping, is_asked;

static struct {
  uint64_t requests, by_action[ACTIONS], reordered, corrupted, truncated;
  uint64_t foreign, malformed, queue_full, write_errors, untracked;
  int64_t late_ns_max, late_ns_sum;
} counters;

static void die(const char *what, const char *why) {
  fprintf(stderr, "reflector: %s: %s\n", what, why);
  exit(1);
}

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

static void take_requests(void) {
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
    Answer *answer = pop_answer(&queue);
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

static bool take_line(char *text, Words *words) {
  text += strspn(text, " ");
  if (strncmp(text, "at ", 3) == 0)
    return add_cue(&cues, &table, text + 3, words);
  return apply_line(&table, text, false, words);
}

static void answer_line(char *text) {
  Words words;
  if (strcmp(text, "counters") == 0)
    print_counters();
  else if (take_line(text, &words))
    puts("ok");
  else
    printf("error: %s\n", words.error);
  fflush(stdout);
}

static void take_input(void) {
  static char text[LINE_BYTES_MAX * 16];
  static size_t held;
  ssize_t length = read(STDIN_FILENO, text + held, sizeof text - held);
  if (length < 0 && (errno == EINTR || errno == EAGAIN))
    return;
  if (length <= 0) {
    is_input_open = false;
    is_stopping |= is_until_eof;
    return;
  }
  held += (size_t)length;
  char *line = text, *end;
  for (; (end = memchr(line, '\n', (size_t)(text + held - line))) != NULL; line = end + 1) {
    *end = 0;
    if (end - line < LINE_BYTES_MAX)
      answer_line(line);
    else
      puts("error: a line is too long"), fflush(stdout);
  }
  held = (size_t)(text + held - line);
  memmove(text, line, held);
  if (held == sizeof text)
    die("standard input", "a line has no end");
}

static void wait_for_work(const sigset_t *unblocked) {
  static int64_t polled_ns;
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  int64_t due_ns = queue.count > 0 ? queue.entries[0].due_ns : INT64_MAX;
  due_ns = cues.due_ns < due_ns ? cues.due_ns : due_ns;
  int64_t sleep_ns = due_ns - now_ns - spin_ns;
  if (sleep_ns <= 0 && now_ns - polled_ns < INPUT_POLL_NS)
    return;
  polled_ns = now_ns;
  sleep_ns = sleep_ns < 0 ? 0 : sleep_ns < SLEEP_NS_MAX ? sleep_ns : SLEEP_NS_MAX;
  struct timespec timeout = {sleep_ns / 1000000000, sleep_ns % 1000000000};
  struct pollfd polled[2] = {{.fd = tun, .events = POLLIN},
                             {.fd = is_input_open ? STDIN_FILENO : -1, .events = POLLIN}};
  if (ppoll(polled, 2, &timeout, unblocked) > 0 && polled[1].revents != 0)
    take_input();
}

static void on_signal(int number) {
  if (number == SIGUSR1)
    is_asked = 1;
  else
    is_stopping = 1;
}

// Signals arrive only inside ppoll, so that none is lost between a check and the sleep.
static void hold_signals(sigset_t *unblocked) {
  const int held[] = {SIGUSR1, SIGTERM, SIGINT};
  struct sigaction action = {.sa_handler = on_signal};
  sigset_t blocked;
  sigemptyset(&blocked);
  for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
    sigaddset(&blocked, held[i]);
    sigaction(held[i], &action, NULL);
  }
  sigprocmask(SIG_BLOCK, &blocked, unblocked);
  signal(SIGPIPE, SIG_IGN);
}

static void open_tun(const char *device) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  if (strlen(device) >= sizeof request.ifr_name)
    die(device, "the name is too long for a device");
  strcpy(request.ifr_name, device);
  tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0)
    die(device, strerror(errno));
}

static void ask_realtime(void) {
  struct sched_param parameter = {.sched_priority = PRIORITY};
  is_realtime = sched_setscheduler(0, SCHED_FIFO, &parameter) == 0;
  if (!is_realtime)
    fprintf(stderr, "reflector: runs without SCHED_FIFO: %s\n", strerror(errno));
}

static char *value_of(char **arguments, int *at) {
  if (arguments[*at + 1] == NULL)
    die(arguments[*at], "a value must follow");
  return arguments[++*at];
}

static void take_argument(char **arguments, int *at) {
  Words words = {.count = 1};
  if (strcmp(arguments[*at], "--until-eof") == 0) {
    is_until_eof = true;
  } else if (strcmp(arguments[*at], "--realtime") == 0) {
    ask_realtime();
  } else if (strcmp(arguments[*at], "--spin") == 0) {
    words.word[0] = value_of(arguments, at);
    if (!parse_duration(&words, &spin_ns))
      die("--spin", words.error);
  } else if (strcmp(arguments[*at], "--log") == 0) {
    log_file = fopen(value_of(arguments, at), "we");
    if (log_file == NULL)
      die(arguments[*at], strerror(errno));
  } else if (!take_line(arguments[*at], &words)) {
    die("scenario", words.error);
  }
}

int main(int count, char **arguments) {
  sigset_t unblocked;
  if (count < 2)
    die("use", "reflector DEVICE [--until-eof] [--realtime] [--spin D] [--log FILE] [LINE...]");
  cues.due_ns = INT64_MAX;
  open_table(&table);
  open_tun(arguments[1]);
  for (int i = 2; i < count; i++)
    take_argument(arguments, &i);
  hold_signals(&unblocked);
  prctl(PR_SET_TIMERSLACK, 1);
  puts("ready");
  fflush(stdout);
  while (!is_stopping) {
    take_requests();
    apply_cues(&cues, &table);
    write_due();
    if (is_asked) {
      is_asked = 0;
      print_counters();
    }
    wait_for_work(&unblocked);
  }
  print_counters();
  return 0;
}
