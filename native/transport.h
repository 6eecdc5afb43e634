// Sockets and batches. The transport moves packets and stamps between the kernel and the records
// in the WebAssembly memory, and knows nothing of what they mean.
#pragma once

#include "error_queue.h"
#include "memory.h"
#include "socket.h"

#include <vector>

namespace flint {

struct Trays {
  OutboxRecord *outbox = nullptr;
  InboxRecord *inbox = nullptr;
  StampRecord *stamps = nullptr;
  ControlBlock *control = nullptr;
};

class Transport {
public:
  explicit Transport(const Trays &trays) : trays_(trays), tray_{trays.inbox, trays.stamps} {}
  ~Transport() { close(); }
  Transport(const Transport &) = delete;
  Transport &operator=(const Transport &) = delete;

  bool add(const SocketOptions &options, SocketError *error);
  // Sends the first n outbox records; each gets the errno of its own send. Returns how many left.
  uint32_t send(uint32_t n);
  // Fills the inbox and the stamps, then takes the clock anchor.
  void drain(uint32_t *packets, uint32_t *stamps);
  bool set_scheduled(bool is_wanted);
  void close();
  const std::vector<Socket> &sockets() const { return sockets_; }

private:
  Socket *socket_for(const OutboxRecord &record);
  uint32_t send_run(Socket *socket, uint32_t from, uint32_t to);
  bool has_new_errors(Socket *socket, uint32_t known);
  void restart_keys(Socket *socket);
  void note_sent(Socket *socket, uint32_t from, uint32_t to, uint64_t user_ns);
  void receive(Socket *socket);

  Trays trays_;
  Tray tray_;
  std::vector<Socket> sockets_;
  uint32_t first_ = 0;
  bool is_scheduled_ = false;
};

} // namespace flint
