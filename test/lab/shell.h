// What the lab's programs share: a TUN device, lines from arguments and standard input, lines that
// wait for their time, counters on request, and one thread that reads, writes what is due and
// sleeps until shortly before the next.
//
//   PROGRAM DEVICE [--until-eof] [--realtime] [--spin DURATION] [--log FILE] [LINE...]
#ifndef LAB_SHELL_H
#define LAB_SHELL_H

#include "queue.h"
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { BATCH_MAX = 64, INPUT_POLL_NS = 1000000, PRIORITY = 50 };
static const int64_t SLEEP_NS_MAX = 1000000000;

enum { CUES_MAX = 1024 };

typedef struct {
  int64_t due_ns; // CLOCK_MONOTONIC
  char line[LINE_BYTES_MAX];
} Cue;

typedef struct {
  Cue waiting[CUES_MAX]; // in the order they were given
  int count;
  int64_t due_ns; // of the earliest; INT64_MAX when none waits
} Cues;

static Queue queue;
static Cues cues;
static int tun;
static FILE *log_file;
static int64_t spin_ns = 200000; // a virtual machine may need as long to wake up
static bool is_realtime, is_until_eof, is_input_open = true;
static volatile sig_atomic_t is_stopping, is_asked;

// What the program brings. A line is carried out, or with `is_trial` only judged; it is cut up.
static bool apply_line(char *text, bool is_trial, Words *words);
static void take_packets(void);
static void write_due(void);
static void print_counters(void);

static void die(const char *what, const char *why) {
  fprintf(stderr, PROGRAM ": %s: %s\n", what, why);
  exit(1);
}

static int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Judges `DURATION LINE` now and keeps it for later.
static bool add_cue(char *text, Words *words) {
  Words head = {.word = {strsep(&text, " ")}, .count = 1};
  Cue *cue = &cues.waiting[cues.count];
  if (cues.count == CUES_MAX)
    return refuse(words, "no room for more than %d lines that wait", CUES_MAX);
  if (!parse_duration(&head, &cue->due_ns))
    return refuse(words, "%.100s", head.error);
  if (text == NULL)
    return refuse(words, "at needs a line");
  snprintf(cue->line, sizeof cue->line, "%s", text);
  if (!apply_line(text, true, words))
    return false;
  cue->due_ns += clock_ns(CLOCK_MONOTONIC);
  cues.count++;
  if (cue->due_ns < cues.due_ns)
    cues.due_ns = cue->due_ns;
  return true;
}

// Lines that are due at one time are carried out in the order they were given.
static void apply_cues(void) {
  if (cues.count == 0 || clock_ns(CLOCK_MONOTONIC) < cues.due_ns)
    return;
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  int kept = 0;
  Words words;
  cues.due_ns = INT64_MAX;
  for (int i = 0; i < cues.count; i++) {
    Cue *cue = &cues.waiting[i];
    if (cue->due_ns > now_ns) {
      if (cue->due_ns < cues.due_ns)
        cues.due_ns = cue->due_ns;
      if (kept != i)
        cues.waiting[kept] = *cue;
      kept++;
    } else if (!apply_line(cue->line, false, &words)) {
      fprintf(stderr, PROGRAM ": a line that waited: %s\n", words.error);
    }
  }
  cues.count = kept;
}

static bool take_line(char *text, Words *words) {
  text += strspn(text, " ");
  if (strncmp(text, "at ", 3) == 0)
    return add_cue(text + 3, words);
  return apply_line(text, false, words);
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
    fprintf(stderr, PROGRAM ": runs without SCHED_FIFO: %s\n", strerror(errno));
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

static int serve(int count, char **arguments) {
  sigset_t unblocked;
  if (count < 2)
    die("use", "DEVICE [--until-eof] [--realtime] [--spin D] [--log FILE] [LINE...]");
  cues.due_ns = INT64_MAX;
  open_tun(arguments[1]);
  for (int i = 2; i < count; i++)
    take_argument(arguments, &i);
  hold_signals(&unblocked);
  prctl(PR_SET_TIMERSLACK, 1);
  puts("ready");
  fflush(stdout);
  while (!is_stopping) {
    take_packets();
    apply_cues();
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

#endif
