// Lines that wait for their time.
#ifndef LAB_CUES_H
#define LAB_CUES_H

#include "scenario.h"
#include <time.h>

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

static int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Carries out a line, or with `is_trial` only judges it; `text` is cut up.
static bool apply_line(Table *table, char *text, bool is_trial, Words *words) {
  return split_words(words, text) && apply_change(table, words, is_trial);
}

// Judges `DURATION LINE` now and keeps it for later.
static bool add_cue(Cues *cues, Table *table, char *text, Words *words) {
  Words head = {.word = {strsep(&text, " ")}, .count = 1};
  Cue *cue = &cues->waiting[cues->count];
  if (cues->count == CUES_MAX)
    return refuse(words, "no room for more than %d lines that wait", CUES_MAX);
  if (!parse_duration(&head, &cue->due_ns))
    return refuse(words, "%.100s", head.error);
  if (text == NULL)
    return refuse(words, "at needs a line");
  snprintf(cue->line, sizeof cue->line, "%s", text);
  if (!apply_line(table, text, true, words))
    return false;
  cue->due_ns += clock_ns(CLOCK_MONOTONIC);
  cues->count++;
  if (cue->due_ns < cues->due_ns)
    cues->due_ns = cue->due_ns;
  return true;
}

// Lines that are due at one time are carried out in the order they were given.
static void apply_cues(Cues *cues, Table *table) {
  if (cues->count == 0 || clock_ns(CLOCK_MONOTONIC) < cues->due_ns)
    return;
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  int kept = 0;
  Words words;
  cues->due_ns = INT64_MAX;
  for (int i = 0; i < cues->count; i++) {
    Cue *cue = &cues->waiting[i];
    if (cue->due_ns > now_ns) {
      if (cue->due_ns < cues->due_ns)
        cues->due_ns = cue->due_ns;
      if (kept != i)
        cues->waiting[kept] = *cue;
      kept++;
    } else if (!apply_line(table, cue->line, false, &words)) {
      fprintf(stderr, "reflector: a line that waited: %s\n", words.error);
    }
  }
  cues->count = kept;
}

#endif
