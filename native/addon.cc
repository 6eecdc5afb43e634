// The N-API face: open a transport on a WebAssembly memory, send, drain, close. Arguments have been
// checked in TypeScript; what could write outside the memory is checked here again.
#include "limits.h"
#include "notify.h"
#include "route.h"
#include "transport.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <napi.h>
#include <netinet/in.h>
#include <string>

namespace flint {
namespace {

// Throws the ProbeError that TypeScript handed over, with the call and errno the kernel gave.
struct AddonData {
  Napi::FunctionReference error_class;
};

// strerrorname_np would need glibc 2.32.
std::string error_name(int error) {
  switch (error) {
  case EPERM:
    return "EPERM";
  case EACCES:
    return "EACCES";
  case EINVAL:
    return "EINVAL";
  case EADDRINUSE:
    return "EADDRINUSE";
  case EAFNOSUPPORT:
    return "EAFNOSUPPORT";
  case EPROTONOSUPPORT:
    return "EPROTONOSUPPORT";
  case EMFILE:
    return "EMFILE";
  case EBADF:
    return "EBADF";
  default:
    return "errno " + std::to_string(error);
  }
}

std::string describe(const SocketError &error, const SocketOptions &options) {
  const bool is_udp = options.protocol == IPPROTO_UDP;
  const bool is_tcp = options.protocol == IPPROTO_TCP;
  std::string text = is_udp            ? "raw UDP socket"
                     : is_tcp          ? "raw TCP socket"
                     : options.is_ping ? "ping socket"
                                       : "raw socket";
  if (options.inherited_fd >= 0) {
    const char *protocol = is_udp ? "UDP" : is_tcp ? "TCP" : "ICMP";
    text = "inherited descriptor " + std::to_string(options.inherited_fd) + " as " + protocol +
           " socket";
  }
  text += options.family == AF_INET ? " (IPv4)" : " (IPv6)";
  text += std::string(" refused: ") + error.syscall + ": " + std::strerror(error.error);
  return text;
}

void throw_socket_error(Napi::Env env, const SocketError &error, const SocketOptions &options) {
  const bool is_permission = error.error == EPERM || error.error == EACCES;
  Napi::Object detail = Napi::Object::New(env);
  detail.Set("syscall", error.syscall);
  detail.Set("errno", error_name(error.error));
  Napi::Value thrown = env.GetInstanceData<AddonData>()->error_class.New(
      {Napi::String::New(env, is_permission ? "ERR_SOCKET_PERMISSION" : "ERR_SOCKET_OPEN"),
       Napi::String::New(env, describe(error, options)), detail});
  if (!env.IsExceptionPending()) {
    napi_throw(env, thrown);
  }
}

void throw_type_error(Napi::Env env, const char *message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
}

int protocol_of(const std::string &name, int family) {
  if (name == "udp") {
    return IPPROTO_UDP;
  }
  if (name == "tcp") {
    return IPPROTO_TCP;
  }
  return family == AF_INET ? static_cast<int>(IPPROTO_ICMP) : IPPROTO_ICMPV6;
}

template <typename T>
T *inside(Napi::ArrayBuffer memory, const Napi::Object &options, const char *name, size_t bytes) {
  const uint32_t offset = options.Get(name).ToNumber().Uint32Value();
  if (offset % 8 != 0 || offset + bytes > memory.ByteLength()) {
    return nullptr;
  }
  return reinterpret_cast<T *>(static_cast<uint8_t *>(memory.Data()) + offset);
}

class TransportObject : public Napi::ObjectWrap<TransportObject> {
public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Transport",
                       {InstanceMethod<&TransportObject::add>("add"),
                        InstanceMethod<&TransportObject::send>("send"),
                        InstanceMethod<&TransportObject::drain>("drain"),
                        InstanceMethod<&TransportObject::set_scheduled>("setScheduled"),
                        InstanceMethod<&TransportObject::describe_sockets>("sockets"),
                        InstanceMethod<&TransportObject::close>("close")});
  }

  // new Transport({ memory: ArrayBuffer, control, outbox, inbox, stamps: byte offsets })
  explicit TransportObject(const Napi::CallbackInfo &info)
      : Napi::ObjectWrap<TransportObject>(info) {
    Napi::Env env = info.Env();
    if (info.Length() != 1 || !info[0].IsObject()) {
      throw_type_error(env, "Transport: expected { memory, control, outbox, inbox, stamps }");
      return;
    }
    Napi::Object options = info[0].As<Napi::Object>();
    if (!options.Get("memory").IsArrayBuffer()) {
      throw_type_error(env, "Transport: memory must be an ArrayBuffer that is not shared");
      return;
    }
    Napi::ArrayBuffer memory = options.Get("memory").As<Napi::ArrayBuffer>();
    Trays trays;
    trays.control = inside<ControlBlock>(memory, options, "control", sizeof(ControlBlock));
    trays.outbox =
        inside<OutboxRecord>(memory, options, "outbox", sizeof(OutboxRecord) * OUTBOX_MAX);
    trays.inbox = inside<InboxRecord>(memory, options, "inbox", sizeof(InboxRecord) * INBOX_MAX);
    trays.stamps = inside<StampRecord>(memory, options, "stamps", sizeof(StampRecord) * STAMPS_MAX);
    if (trays.control == nullptr || trays.outbox == nullptr || trays.inbox == nullptr ||
        trays.stamps == nullptr) {
      throw_type_error(env, "Transport: a tray lies outside the memory");
      return;
    }
    // The memory must not go away while the kernel may write to it.
    memory_ = Napi::Persistent(options.Get("memory").As<Napi::Object>());
    transport_ = std::make_unique<Transport>(trays);
  }

private:
  // add({ family: 4|6, protocol: 'icmp'|'udp'|'tcp', ping, dontFragment, identifier, port, fd,
  //   stamps, ownKeys }): throws ProbeError
  Napi::Value add(const Napi::CallbackInfo &info) {
    Napi::Object given = info[0].As<Napi::Object>();
    SocketOptions options{};
    options.family = given.Get("family").ToNumber().Int32Value() == 4 ? AF_INET : AF_INET6;
    options.protocol = protocol_of(given.Get("protocol").ToString(), options.family);
    options.is_ping = given.Get("ping").ToBoolean();
    options.dont_fragment = given.Get("dontFragment").ToBoolean();
    options.identifier = static_cast<uint16_t>(given.Get("identifier").ToNumber().Uint32Value());
    options.port = static_cast<uint16_t>(given.Get("port").ToNumber().Uint32Value());
    options.inherited_fd = given.Get("fd").ToNumber().Int32Value();
    options.allow_stamps = given.Get("stamps").ToBoolean();
    options.allow_own_keys = given.Get("ownKeys").ToBoolean();
    SocketError error;
    if (!transport_->add(options, &error)) {
      throw_socket_error(info.Env(), error, options);
    }
    return info.Env().Undefined();
  }

  Napi::Value send(const Napi::CallbackInfo &info) {
    return Napi::Number::New(info.Env(),
                             transport_->send(info[0].As<Napi::Number>().Uint32Value()));
  }

  // packets + stamps × 65536
  Napi::Value drain(const Napi::CallbackInfo &info) {
    uint32_t packets = 0;
    uint32_t stamps = 0;
    transport_->drain(&packets, &stamps);
    return Napi::Number::New(info.Env(), packets + stamps * 65536);
  }

  Napi::Value set_scheduled(const Napi::CallbackInfo &info) {
    return Napi::Boolean::New(info.Env(), transport_->set_scheduled(info[0].ToBoolean()));
  }

  Napi::Value describe_sockets(const Napi::CallbackInfo &info) {
    Napi::Array list = Napi::Array::New(info.Env());
    for (const Socket &socket : transport_->sockets()) {
      Napi::Object item = Napi::Object::New(info.Env());
      item.Set("family", socket.family == AF_INET ? 4 : 6);
      item.Set("protocol", socket.protocol == IPPROTO_UDP   ? "udp"
                           : socket.protocol == IPPROTO_TCP ? "tcp"
                                                            : "icmp");
      item.Set("ping", socket.is_ping);
      item.Set("sendOnly", socket.is_send_only);
      item.Set("stamps", static_cast<uint32_t>(socket.stamps));
      item.Set("keys", static_cast<uint32_t>(socket.keys));
      item.Set("overflows", socket.overflows);
      item.Set("fd", socket.fd);
      list.Set(list.Length(), item);
    }
    return list;
  }

  Napi::Value close(const Napi::CallbackInfo &info) {
    transport_->close();
    return info.Env().Undefined();
  }

  Napi::ObjectReference memory_;
  std::unique_ptr<Transport> transport_;
};

// sourceAddress(family, destination, interfaceIndex, scopeId): the address that packets would be
// sent from, 16 bytes, or an errno.
Napi::Value source_address(const Napi::CallbackInfo &info) {
  const int family = info[0].ToNumber().Int32Value() == 4 ? AF_INET : AF_INET6;
  const auto destination = info[1].As<Napi::Uint8Array>();
  if (destination.ByteLength() != 16) {
    throw_type_error(info.Env(), "sourceAddress: the destination must have 16 bytes");
    return info.Env().Undefined();
  }
  const Route route{family, destination.Data(), info[2].ToNumber().Uint32Value(),
                    info[3].ToNumber().Uint32Value()};
  uint8_t source[16] = {};
  const int error = find_source(route, source);
  if (error != 0) {
    return Napi::Number::New(info.Env(), error);
  }
  Napi::Uint8Array found = Napi::Uint8Array::New(info.Env(), sizeof source);
  std::memcpy(found.Data(), source, sizeof source);
  return found;
}

// notify(address, text): 0, or an errno.
Napi::Value notify_manager(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), notify(info[0].ToString(), info[1].ToString()));
}

// setErrorClass(ProbeError): what is thrown when the kernel refuses.
void set_error_class(const Napi::CallbackInfo &info) {
  info.Env().GetInstanceData<AddonData>()->error_class =
      Napi::Persistent(info[0].As<Napi::Function>());
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new AddonData());
  exports.Set("abi", ABI_VERSION);
  exports.Set("recordBytes", static_cast<uint32_t>(sizeof(OutboxRecord)));
  exports.Set("Transport", TransportObject::define(env));
  exports.Set("sourceAddress", Napi::Function::New<source_address>(env));
  exports.Set("notify", Napi::Function::New<notify_manager>(env));
  exports.Set("setErrorClass", Napi::Function::New<set_error_class>(env));
  return exports;
}

NODE_API_MODULE(flint, init)

} // namespace
} // namespace flint
