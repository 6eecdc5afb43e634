// A plugin for qemu's user emulation (its interface of version 1): counts the instructions of the
// guest, and says how many it were whenever the guest makes one of the system calls that are marks.
// Which: the plugin's arguments, `mark=173` for getppid on aarch64. One line each on standard
// error: `mark 173 main=N all=N`.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define THREADS_MAX 64
#define MARKS_MAX 8

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
typedef void (*translated)(plugin_id id, struct qemu_plugin_tb *block);
typedef void (*executed)(unsigned thread, void *given);
typedef void (*called)(plugin_id id, unsigned thread, int64_t number, uint64_t a1, uint64_t a2,
                       uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
                       uint64_t a8);

// From qemu itself.
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, executed callback,
                                          int flags, void *given);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id id, called callback);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int count, char **words);

static uint64_t counts[THREADS_MAX];
static int64_t marks[MARKS_MAX];
static int marks_count;

// A block that is left early counts as a whole: a few in a million.
static void on_executed(unsigned thread, void *given) {
  counts[thread % THREADS_MAX] += (uintptr_t)given;
}

static void on_translated(plugin_id id, struct qemu_plugin_tb *block) {
  (void)id;
  const uintptr_t instructions = qemu_plugin_tb_n_insns(block);
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_executed, 0, (void *)instructions);
}

static void on_called(plugin_id id, unsigned thread, int64_t number, uint64_t a1, uint64_t a2,
                      uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
                      uint64_t a8) {
  (void)id, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
  for (int i = 0; i < marks_count; i++) {
    if (marks[i] != number || thread != 0) {
      continue;
    }
    uint64_t all = 0;
    for (int j = 0; j < THREADS_MAX; j++) {
      all += counts[j];
    }
    fprintf(stderr, "mark %lld main=%llu all=%llu\n", (long long)number,
            (unsigned long long)counts[0], (unsigned long long)all);
  }
}

int qemu_plugin_install(plugin_id id, const void *info, int count, char **words) {
  (void)info;
  for (int i = 0; i < count && marks_count < MARKS_MAX; i++) {
    if (strncmp(words[i], "mark=", 5) == 0) {
      marks[marks_count++] = atoll(words[i] + 5);
    }
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
  qemu_plugin_register_vcpu_syscall_cb(id, on_called);
  return 0;
}
