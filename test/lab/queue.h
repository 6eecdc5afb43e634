// What waits for its time to leave.
#ifndef LAB_QUEUE_H
#define LAB_QUEUE_H

#include "words.h"

static const size_t QUEUE_BYTES_MAX = (size_t)512 << 20;

typedef struct {
  int64_t due_ns;
  uint64_t order; // items due at the same time leave in the order they came
  size_t bytes;
  void *item;
} Entry;

// A binary heap, the item that is due first on top.
typedef struct {
  Entry *entries;
  size_t count, room, bytes;
  uint64_t order_next;
} Queue;

static bool is_before(const Entry *a, const Entry *b) {
  return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void *claimed(void *memory) {
  if (memory == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  return memory;
}

// Memory for an item, to be filled by the caller. NULL: the queue holds all that it may.
static void *push_item(Queue *queue, size_t bytes, int64_t due_ns) {
  if (queue->bytes + bytes > QUEUE_BYTES_MAX)
    return NULL;
  if (queue->count == queue->room) {
    queue->room = queue->room == 0 ? 4096 : queue->room * 2;
    queue->entries = claimed(realloc(queue->entries, queue->room * sizeof(Entry)));
  }
  queue->bytes += bytes;
  Entry entry = {due_ns, queue->order_next++, bytes, claimed(malloc(bytes))};
  size_t at = queue->count++;
  for (; at > 0 && is_before(&entry, &queue->entries[(at - 1) / 2]); at = (at - 1) / 2)
    queue->entries[at] = queue->entries[(at - 1) / 2];
  queue->entries[at] = entry;
  return entry.item;
}

// The one that is due first; to be freed by the caller.
static void *pop_item(Queue *queue) {
  Entry first = queue->entries[0];
  Entry last = queue->entries[--queue->count];
  size_t at = 0;
  for (size_t child = 1; child < queue->count; child = 2 * at + 1) {
    if (child + 1 < queue->count && is_before(&queue->entries[child + 1], &queue->entries[child]))
      child++;
    if (!is_before(&queue->entries[child], &last))
      break;
    queue->entries[at] = queue->entries[child];
    at = child;
  }
  queue->entries[at] = last;
  queue->bytes -= first.bytes;
  return first.item;
}

#endif
